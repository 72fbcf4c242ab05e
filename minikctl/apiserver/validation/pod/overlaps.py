"""Files of one volume that get in each other's way. Counterpart: `pkg/api/pod/warnings.go`."""

from __future__ import annotations

from itertools import pairwise

from minikctl.apimachinery.field import quote
from minikctl.apimachinery.request import Obj

_SOURCES = ("configMap", "secret", "downwardAPI")


def overlapping_paths(volume: Obj) -> list[str]:
    """Remarks about paths that are the same, or where one is a directory on the way to the other."""
    if _apart(volume):
        return []
    found: list[str] = []
    name = quote(volume.get("name", ""))
    for key in _SOURCES:
        source = volume.get(key)
        if source and source.get("items"):
            found += _collisions(_paths(source), f"volume {name} ({_title(key, source)})")
    if volume.get("projected"):
        found += _projected(volume["projected"], name)
    return found


def _apart(volume: Obj) -> bool:
    """Whether there is nothing to remark, as is so of nearly every volume: no two of its paths meet."""
    sources = [volume[key] for key in _SOURCES if volume.get(key)]
    if volume.get("projected"):
        for source in volume["projected"].get("sources") or ():
            given = [value for value in source.values() if value is not None]
            if not given:
                return False
            sources += given
    paths = sorted([path.rstrip("/") + "/" for source in sources for path in _paths(source)])
    # Sorted, what lies below a path comes right after it.
    return not any(below.startswith(path) for path, below in pairwise(paths))


def _projected(projected: Obj, name: str) -> list[str]:
    found: list[str] = []
    before: list[str] = []
    for source in projected.get("sources") or ():
        kind = next((key for key, value in source.items() if value is not None), None)
        if kind is None:
            found.append(f"volume {name} (Projected) has no sources provided")
            continue
        paths, title = _paths(source[kind]), f"volume {name} (Projected {_title(kind, source[kind])})"
        found += _collisions(paths, title)
        paths = list(dict.fromkeys(paths))
        if paths:
            found += _collisions(sorted(paths + before), title)
        before += [path for path in paths if path not in before]
    return found


def _paths(source: Obj) -> list[str]:
    if "items" in source:
        return [item.get("path", "") for item in source["items"] or ()]
    return [source["path"]] if source.get("path") else []


def _title(kind: str, source: Obj) -> str:
    title = kind[:1].upper() + kind[1:]
    if kind == "clusterTrustBundle":
        return f"{title} {quote(source.get('name') or source.get('signerName') or '')}"
    if kind in ("configMap", "secret"):
        return f"{title} {quote(source.get('name') or source.get('secretName') or '')}"
    return title


def _collisions(paths: list[str], title: str) -> list[str]:
    found: list[str] = []
    seen: list[str] = []
    for text in paths:
        path = text.rstrip("/")
        other = next((item for item in seen if path and item and _overlap(item, path)), None)
        if other is not None:
            found.append(f"{title}: overlapping paths: {quote(path)} with {quote(other)}")
        seen.append(path)
    return found


def _overlap(one: str, other: str) -> bool:
    return f"{one}/".startswith(f"{other}/") or f"{other}/".startswith(f"{one}/")
