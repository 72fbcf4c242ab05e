"""Where static pods come from: a file, a folder of files, or a URL. Each holds Pods as YAML or JSON.

Counterpart of kubelet's `config/file.go`, `config/http.go` and `config/common.go`.
"""

from __future__ import annotations

import os

from minikctl.apimachinery.request import Obj

_LONGEST = 10 << 20
_TIMEOUT_SECONDS = 10.0


class ManifestError(Exception):
    """A source cannot be read at all; the text says why."""


def read_path(path: str) -> list[Obj]:
    """The pods of a file, or of the files in a folder (those that begin with a dot aside).

    A file in a folder that holds no pod is passed over. A path that is not there holds no pods.
    """
    if os.path.isdir(path):
        try:
            names = sorted(name for name in os.listdir(path) if not name.startswith("."))
        except OSError as error:
            raise ManifestError(str(error)) from None
        files = [os.path.join(path, name) for name in names]
    else:
        files = [path] if os.path.exists(path) else []
    pods: list[Obj] = []
    for file in files:
        if os.path.isfile(file):
            try:
                with open(file, "rb") as opened:
                    pods += parse(opened.read(_LONGEST), lists=False)
            except (OSError, ManifestError):
                continue
    return pods


def read_url(url: str) -> list[Obj]:
    """The pods that a URL answers with: a Pod or a PodList."""
    from http.client import HTTPException
    from urllib.request import urlopen

    try:
        with urlopen(url, timeout=_TIMEOUT_SECONDS) as answer:
            data: bytes = answer.read(_LONGEST)
    except (OSError, ValueError, HTTPException) as error:
        raise ManifestError(f"{url}: {error}") from None
    return parse(data, lists=True)


def parse(data: bytes, lists: bool) -> list[Obj]:
    """The pods in a document; `lists`: a PodList will do."""
    import yaml

    try:
        found = yaml.load(data, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise ManifestError(str(error)) from None
    if not isinstance(found, dict) or found.get("apiVersion") != "v1":
        raise ManifestError("no v1 object")
    items = [found] if found.get("kind") == "Pod" else []
    if lists and found.get("kind") == "PodList" and isinstance(found.get("items"), list):
        items = [{"apiVersion": "v1", "kind": "Pod", **item} for item in found["items"] if isinstance(item, dict)]
    pods = [item for item in items if _is_pod(item)]
    if not pods and items:
        raise ManifestError("no pod")
    return pods


def _is_pod(item: Obj) -> bool:
    meta = item.get("metadata")
    return isinstance(meta, dict) and isinstance(meta.get("name"), str) and isinstance(item.get("spec"), dict)
