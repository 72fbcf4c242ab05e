"""Environment variables on the command line and in containers, for set env.

Upstream counterpart: kubectl's `pkg/cmd/set/env` and the helpers of `set_env.go`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TextIO

from minikctl.apimachinery import quantity
from minikctl.apimachinery.label_syntax import label_key_errors
from minikctl.apimachinery.request import Obj
from minikctl.client.client import Client
from minikctl.kubectl.cmd.sources import env_name_errors
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flags import quote


def split_arguments(args: Sequence[str]) -> tuple[list[str], list[str]]:
    """(resources, changes): everything from the first KEY=VALUE or KEY- on is a change."""
    at = next((i for i, arg in enumerate(args) if "=" in arg or arg.endswith("-")), len(args))
    changes = list(args[at:])
    if not all("=" in arg or arg.endswith("-") for arg in changes):
        raise KubectlError(f"all resources must be specified before environment changes: {' '.join(args)}")
    return list(args[:at]), changes


def parse(specs: Iterable[str], stdin: TextIO) -> tuple[list[Obj], list[str]]:
    """Variables to set and names to remove, from KEY=VALUE, KEY- and `-` (standard input)."""
    found: list[Obj] = []
    removed: list[str] = []
    given = set()
    for spec in specs:
        name, equals, value = spec.partition("=")
        if spec == "-":
            found.extend(_read(stdin))
        elif equals:
            problems = env_name_errors(name)
            if problems:
                raise KubectlError(f"{quote(name)} is not a valid key name: {';'.join(problems)}")
            given.add(name)
            found.append(variable(name, value))
        elif spec.endswith("-"):
            removed.append(spec[:-1])
        else:
            raise KubectlError(f"unknown environment variable: {spec}")
    if given.intersection(removed):
        raise KubectlError("can not both modify and remove the same environment variable in the same command")
    return found, removed


def variable(name: str, value: str) -> Obj:
    """A variable with a plain value."""
    return {"name": name, "value": value} if value else {"name": name}


def _read(stdin: TextIO) -> Iterable[Obj]:
    for line in stdin.read().splitlines():
        name, equals, value = line.partition("#")[0].partition("=")
        if equals:
            yield variable(name, value)


def updated(existing: Sequence[Obj], new: Sequence[Obj], removed: Iterable[str]) -> list[Obj]:
    """The variables afterwards: changed where they stand, new ones at the end."""
    first: dict[str, Obj] = {}
    for each in new:
        first.setdefault(each.get("name", ""), each)
    covered = set(removed)
    out = []
    for each in existing:
        if each.get("name", "") in covered:
            continue
        newer = first.get(each.get("name", ""))
        if newer is not None:
            covered.add(each.get("name", ""))
        out.append(newer or each)
    for name, each in first.items():
        if name not in covered:
            out.append(each)
    return out


def name_of(key: str) -> str:
    """The variable's name for a key of a ConfigMap or Secret."""
    return "".join(char if char.isascii() and (char.isalnum() or char == "_") else "_" for char in key).upper()


def from_object(obj: Obj, keys: Sequence[str]) -> list[Obj]:
    """Variables that refer to the keys of a ConfigMap or Secret."""
    references = {"ConfigMap": "configMapKeyRef", "Secret": "secretKeyRef"}
    reference = references.get(obj["kind"]) if obj["apiVersion"] == "v1" else None
    if reference is None:
        raise KubectlError("unsupported resource specified in --from")
    return [
        {"name": name_of(key), "valueFrom": {reference: {"name": obj["metadata"]["name"], "key": key}}}
        for key in sorted(obj.get("data") or {})
        if not keys or key in keys
    ]


def reference_text(source: Obj) -> str:
    """Where a variable's value comes from, in words."""
    for field, kind in (("configMapKeyRef", "configmap"), ("secretKeyRef", "secret")):
        if field in source:
            return f"{kind} {source[field].get('name', '')}, key {source[field]['key']}"
    if "fieldRef" in source:
        return f"field path {source['fieldRef']['fieldPath']}"
    if "resourceFieldRef" in source:
        field = source["resourceFieldRef"]
        prefix = f"{field['containerName']}/" if field.get("containerName") else ""
        return f"resource field {prefix}{field['resource']}"
    return "invalid valueFrom"


class Resolver:
    """Looks up what variables refer to, reading each ConfigMap and Secret once."""

    def __init__(self, client: Client, namespace: str) -> None:
        self._client = client
        self._namespace = namespace
        self._objects: dict[tuple[str, str], Obj] = {}

    def value(self, source: Obj, obj: Obj, container: Obj) -> str:
        """The value; KubectlError or StatusError where it cannot be had."""
        if "secretKeyRef" in source:
            return self._keyed("secrets", "secret", source["secretKeyRef"])
        if "configMapKeyRef" in source:
            return self._keyed("configmaps", "config map", source["configMapKeyRef"])
        if "fieldRef" in source:
            return field_value(obj, source["fieldRef"]["fieldPath"])
        if "resourceFieldRef" in source:
            return resource_value(source["resourceFieldRef"], container)
        raise KubectlError("invalid valueFrom")

    def _keyed(self, resource: str, kind: str, selector: Obj) -> str:
        name, key = selector.get("name", ""), selector["key"]
        if (resource, name) not in self._objects:
            self._objects[resource, name] = self._client.get(resource, name, self._namespace)
        data = self._objects[resource, name].get("data") or {}
        if key not in data:
            raise KubectlError(f"key {key} not found in {kind} {name}")
        if resource == "secrets":
            import base64

            return base64.b64decode(data[key]).decode("utf-8", "surrogateescape")
        return str(data[key])


def field_value(obj: Obj, path: str) -> str:
    """The text of a fieldRef, as the object itself (not its pods) has it."""
    metadata = obj["metadata"]
    head, bracket, rest = path.partition("['")
    if bracket and head and rest.endswith("']"):
        key = rest[:-2]
        if head not in ("metadata.annotations", "metadata.labels"):
            raise KubectlError(f"fieldPath {quote(path)} does not support subscript")
        problems = label_key_errors(key.lower() if head == "metadata.annotations" else key)
        if problems:
            raise KubectlError(f"invalid key subscript in {path}: {';'.join(problems)}")
        return str((metadata.get(head.rpartition(".")[2]) or {}).get(key, ""))
    if path in ("metadata.annotations", "metadata.labels"):
        entries = metadata.get(path.rpartition(".")[2]) or {}
        return "\n".join(f"{key}={quote(entries[key])}" for key in sorted(entries))
    if path in ("metadata.name", "metadata.namespace", "metadata.uid"):
        return str(metadata.get(path.rpartition(".")[2], ""))
    raise KubectlError(f"unsupported fieldPath: {path}")


def resource_value(selector: Obj, container: Obj) -> str:
    """The text of a resourceFieldRef: the amount in units of the divisor, rounded up."""
    kind, _, name = selector["resource"].partition(".")
    known = name in ("cpu", "memory", "ephemeral-storage") or name.startswith("hugepages-")
    if kind not in ("limits", "requests") or not known:
        raise KubectlError(f"Unsupported container resource : {selector['resource']}")
    amount = quantity.parse(((container.get("resources") or {}).get(kind) or {}).get(name, "0"))
    divisor = quantity.parse(selector.get("divisor") or "0")
    if not divisor:
        divisor = quantity.parse("1")
    if name == "cpu":
        return str(math.ceil(amount.milli() / divisor.milli()))
    return str(math.ceil(amount.value() / divisor.value()))
