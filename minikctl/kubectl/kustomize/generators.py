"""ConfigMaps and Secrets made from literals, files and env files, and the hash of their content.

Upstream counterparts: kustomize's `generators`, `kv` and `hasher`.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from typing import Any

from minikctl.kubectl.kustomize.loading import Loader
from minikctl.kubectl.kustomize.nodes import is_null, plain, text
from minikctl.kubectl.kustomize.problem import KustomizeError
from minikctl.kubectl.kustomize.resource import Node, Resource

_LINE = 70


def configmap(args: Node, loader: Loader) -> Resource:
    """A ConfigMap from an entry of configMapGenerator (options merged in)."""
    node = _base("ConfigMap", args)
    for key, value in _pairs(args, loader, f"configmap {args['name']}"):
        try:
            node.setdefault("data", {})[key] = value.decode("utf-8")
        except UnicodeDecodeError:
            node.setdefault("binaryData", {})[key] = encoded(value)
    return _finish(node, args)


def secret(args: Node, loader: Loader) -> Resource:
    """A Secret from an entry of secretGenerator."""
    node = _base("Secret", args)
    node["type"] = args.get("type") or "Opaque"
    for key, value in _pairs(args, loader, f"secret {args['name']}"):
        node.setdefault("data", {})[key] = encoded(value)
    return _finish(node, args)


def encoded(value: bytes) -> str:
    """Base64, broken into lines where it is long."""
    whole = base64.b64encode(value).decode()
    if len(whole) <= _LINE:
        return whole
    return "".join(whole[at : at + _LINE] + "\n" for at in range(0, len(whole), _LINE))


def _base(kind: str, args: Node) -> Node:
    if not args.get("name"):
        raise KustomizeError("a configmap must have a name")
    metadata = {"name": args["name"]}
    if args.get("namespace"):
        metadata["namespace"] = args["namespace"]
    return {"apiVersion": "v1", "kind": kind, "metadata": metadata}


def _finish(node: Node, args: Node) -> Resource:
    options = args.get("options") or {}
    for field in ("labels", "annotations"):
        if options.get(field):
            node["metadata"][field] = dict(options[field])
    if options.get("immutable"):
        node["immutable"] = True
    resource = Resource(node)
    resource.behavior = args.get("behavior") or ""
    resource.hashed = not options.get("disableNameSuffixHash")
    return resource


def _pairs(args: Node, loader: Loader, what: str) -> Iterator[tuple[str, bytes]]:
    """The data; a key may occur once."""
    seen = set()
    for key, value in _load(args, loader):
        if key in seen:
            raise KustomizeError(f"{what} illegally repeats the key `{key}`")
        seen.add(key)
        yield key, value


def _load(args: Node, loader: Loader) -> Iterator[tuple[str, bytes]]:
    sources = [*(args.get("envs") or ()), *([args["env"]] if args.get("env") else ())]
    groups = (("env source files:", _env, sources), ("literal sources", _literal, args.get("literals") or ()),
              ("file sources:", _file, args.get("files") or ()))  # fmt: skip
    for title, read, listed in groups:
        try:
            for source in listed:
                yield from read(source, loader)
        except KustomizeError as error:
            raise KustomizeError(f"loading KV pairs: {title} [{' '.join(listed)}]: {error}") from None


def _literal(source: str, loader: Loader) -> Iterator[tuple[str, bytes]]:
    key, equals, value = source.partition("=")
    if not key or not equals:
        raise KustomizeError(f"invalid literal source {source}, expected key=value")
    yield key, value.strip("\"'").encode("utf-8", "surrogateescape")


def _file(source: str, loader: Loader) -> Iterator[tuple[str, bytes]]:
    key, equals, path = source.partition("=")
    if not equals:
        yield os.path.basename(source.rstrip("/")) or "/", loader.load(source)
        return
    if "=" in path:
        raise KustomizeError("key names or file paths cannot contain '='")
    if not key:
        raise KustomizeError(f"key name for file path {path} missing")
    if not path:
        raise KustomizeError(f"file path for key name {key} missing")
    yield key, loader.load(path)


def _env(path: str, loader: Loader) -> Iterator[tuple[str, bytes]]:
    lines = loader.load(path).split(b"\n")
    for number, raw in enumerate(lines):
        try:
            line = raw.removesuffix(b"\r").decode("utf-8")
        except UnicodeDecodeError:
            raise KustomizeError(f"line {number} has invalid utf8 bytes : {raw!r}") from None
        if number == 0:
            line = line.removeprefix("\ufeff")
        line = line.lstrip()
        if not line or line[0] == "#":
            continue
        key, equals, value = line.partition("=")
        yield key, (value if equals else os.environ.get(key, "")).encode()


def merged_options(local: Node | None, common: Node | None) -> Node | None:
    """generatorOptions under an entry's own options."""
    if not common:
        return local
    result = dict(local or {})
    for field in ("labels", "annotations"):
        values = {**(common.get(field) or {}), **(result.get(field) or {})}
        if values:
            result[field] = values
    for field in ("disableNameSuffixHash", "immutable"):
        if common.get(field):
            result[field] = True
    return result


def content_hash(resource: Resource) -> str:
    """The suffix that stands for an object's content."""
    from minikctl.kubectl.cmd.sources import hash_suffix

    node = resource.node
    document: dict[str, Any]
    if resource.kind == "ConfigMap":
        document = {"kind": "ConfigMap", "name": "", "data": _value(node, "data")}
        if isinstance(node.get("binaryData"), dict):
            document["binaryData"] = plain(node["binaryData"])
    elif resource.kind == "Secret":
        document = {
            "kind": "Secret", "type": _value(node, "type"), "name": "", "data": _value(node, "data"),
        }  # fmt: skip
        if isinstance(node.get("stringData"), dict):
            document["stringData"] = plain(node["stringData"])
    else:
        document = plain(node)
    encoded_document = json.dumps(document, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    for char, escaped in (
        ("&", "\\u0026"),
        ("<", "\\u003c"),
        (">", "\\u003e"),
        ("\u2028", "\\u2028"),
        ("\u2029", "\\u2029"),
    ):
        encoded_document = encoded_document.replace(char, escaped)
    return hash_suffix(encoded_document)


def _value(node: Node, field: str) -> Any:
    value = node.get(field)
    if field not in node or is_null(value):
        return ""
    return plain(value) if isinstance(value, dict | list) else text(value)
