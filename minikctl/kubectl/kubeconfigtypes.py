"""The types of a kubeconfig: what a file's content must look like, checked and put into its stored form.

Called when a kubeconfig is parsed. Upstream counterpart: client-go's `tools/clientcmd/api/v1` types and defaults,
and what encoding/json says of a value of the wrong type.
"""

from __future__ import annotations

import base64
from typing import Any, NamedTuple

from minikctl.apimachinery.decodeproblems import illegal_base64
from minikctl.apimachinery.jsonsyntax import json_type
from minikctl.apimachinery.request import Obj


class Type(NamedTuple):
    """A Go type: `name` as messages give it; an element type, or the fields of a struct.

    `always` are the fields that are written even when empty: their empty value.
    """

    name: str
    element: Type | None = None
    fields: dict[str, Type] | None = None
    always: dict[str, Any] | None = None


class WrongType(Exception):
    """A value that does not fit; the text is encoding/json's."""


_STRING = Type("string")
_BOOL = Type("bool")
_BYTES = Type("[]uint8")
_ANY = Type("")
_STRINGS = Type("[]string", _STRING)
_STRING_MAP = Type("map[string]string", _STRING)
_STRINGS_MAP = Type("map[string][]string", _STRINGS)


def _struct(name: str, fields: dict[str, Type], always: dict[str, Any] | None = None) -> Type:
    return Type(f"v1.{name}", None, fields, always or {})


def _list(element: Type) -> Type:
    return Type(f"[]{element.name}", element)


_EXTENSIONS = _list(_struct("NamedExtension", {"name": _STRING, "extension": _ANY}, {"name": "", "extension": None}))
_CLUSTER = _struct(
    "Cluster",
    {
        "server": _STRING,
        "tls-server-name": _STRING,
        "insecure-skip-tls-verify": _BOOL,
        "certificate-authority": _STRING,
        "certificate-authority-data": _BYTES,
        "proxy-url": _STRING,
        "disable-compression": _BOOL,
        "extensions": _EXTENSIONS,
    },
    {"server": ""},
)
_EXEC = _struct(
    "ExecConfig",
    {
        "command": _STRING,
        "args": _STRINGS,
        "env": _list(_struct("ExecEnvVar", {"name": _STRING, "value": _STRING}, {"name": "", "value": ""})),
        "apiVersion": _STRING,
        "installHint": _STRING,
        "provideClusterInfo": _BOOL,
        "interactiveMode": _STRING,
    },
    {"command": "", "args": None, "env": None, "provideClusterInfo": False},
)
_PROVIDER = _struct(
    "AuthProviderConfig", {"name": _STRING, "config": _STRING_MAP}, {"name": "", "config": None}
)  # fmt: skip
_POINTERS = (_EXEC, _PROVIDER)
_USER = _struct(
    "AuthInfo",
    {
        "client-certificate": _STRING,
        "client-certificate-data": _BYTES,
        "client-key": _STRING,
        "client-key-data": _BYTES,
        "token": _STRING,
        "tokenFile": _STRING,
        "as": _STRING,
        "as-uid": _STRING,
        "as-groups": _STRINGS,
        "as-user-extra": _STRINGS_MAP,
        "username": _STRING,
        "password": _STRING,
        "auth-provider": _PROVIDER,
        "exec": _EXEC,
        "extensions": _EXTENSIONS,
    },
)
_CONTEXT = _struct(
    "Context",
    {"cluster": _STRING, "user": _STRING, "namespace": _STRING, "extensions": _EXTENSIONS},
    {"cluster": "", "user": ""},
)


def _named(name: str, field: str, body: Type) -> Type:
    return _list(_struct(name, {"name": _STRING, field: body}, {"name": "", field: {}}))


CONFIG = _struct(
    "Config",
    {
        "kind": _STRING,
        "apiVersion": _STRING,
        "preferences": _struct("Preferences", {"colors": _BOOL, "extensions": _EXTENSIONS}),
        "clusters": _named("NamedCluster", "cluster", _CLUSTER),
        "users": _named("NamedAuthInfo", "user", _USER),
        "contexts": _named("NamedContext", "context", _CONTEXT),
        "current-context": _STRING,
        "extensions": _EXTENSIONS,
    },
    {"clusters": None, "users": None, "contexts": None, "current-context": ""},
)
# Versions of the credential plugins' API whose plugins are asked about standard input by default.
_INTERACTIVE_BY_DEFAULT = ("client.authentication.k8s.io/v1beta1", "client.authentication.k8s.io/v1alpha1")


def typed(raw: Obj) -> Obj:
    """A kubeconfig document as its Go struct holds it: known fields only, empty ones left out.

    Raises WrongType for the first value, in the order of sorted keys, that does not fit, or for a name given twice.
    """
    config: Obj = _value(raw, CONFIG, "", "")
    for section, internal in (("clusters", "Cluster"), ("users", "AuthInfo"), ("contexts", "Context")):
        _refuse_duplicates(config[section] or [], section, internal)
    for user in config["users"] or ():
        plugin = user["user"].get("exec")
        if plugin and plugin.get("apiVersion") in _INTERACTIVE_BY_DEFAULT:
            plugin.setdefault("interactiveMode", "IfAvailable")
    return config


def in_struct_order(config: Obj) -> Obj:
    """A kubeconfig document with its keys in the order of Go's structs, as -o json shows them."""
    ordered: Obj = _ordered(config, CONFIG)
    return ordered


def _refuse_duplicates(entries: list[Obj], section: str, internal: str) -> None:
    names = set()
    for entry in entries:
        if entry["name"] in names:
            listed = CONFIG.fields[section] if CONFIG.fields else _ANY
            raise WrongType(
                f"error converting *[]Named{internal} into *map[string]*api.{internal}: duplicate name "
                f'"{entry["name"]}" in list: {_go_value(entries, listed)}'
            )
        names.add(entry["name"])


def _go_value(value: Any, kind: Type) -> str:
    """A value as Go's %v prints it; what a pointer leads to is left out."""
    if kind.fields is not None:
        fields = [
            "<nil>" if field in _POINTERS else _go_value((value or {}).get(name), field)
            for name, field in kind.fields.items()
        ]
        return f"{{{' '.join(fields)}}}"
    if kind.element is not None and kind.name.startswith("map"):
        return f"map[{' '.join(f'{key}:{_go_value(item, kind.element)}' for key, item in (value or {}).items())}]"
    if kind.element is not None:
        return f"[{' '.join(_go_value(item, kind.element) for item in value or ())}]"
    if kind is _BYTES:
        return f"[{' '.join(map(str, base64.b64decode(value or '')))}]"
    return "true" if value is True else "false" if kind is _BOOL else str(value or "")


def _value(value: Any, wanted: Type, struct: str, path: str) -> Any:
    """One value, checked; `struct` is the innermost struct and `path` where the value stands."""
    if value is None or wanted is _ANY:
        return value
    if wanted.fields is not None:
        return _fields(_fit(value, dict, wanted, struct, path), wanted, path)
    if wanted.element is not None:
        if wanted.name.startswith("map"):
            entries = sorted(_fit(value, dict, wanted, struct, path).items())
            return {key: _value(item, wanted.element, struct, path) or "" for key, item in entries}
        items = _fit(value, list, wanted, struct, path)
        return [_element(item, wanted.element, struct, path) for item in items]
    if wanted is _BYTES:
        return _bytes(_fit(value, str, wanted, struct, path))
    return _fit(value, bool if wanted is _BOOL else str, wanted, struct, path)


def _element(item: Any, wanted: Type, struct: str, path: str) -> Any:
    if item is None:
        return _fields({}, wanted, path) if wanted.fields is not None else ""
    return _value(item, wanted, struct, path)


def _fields(value: Obj, wanted: Type, path: str) -> Obj:
    assert wanted.fields is not None
    struct = wanted.name.removeprefix("v1.")
    result: Obj = dict(wanted.always or {})
    for key in sorted(value, key=str):
        if key in wanted.fields:
            checked = _value(value[key], wanted.fields[key], struct, f"{path}.{key}" if path else key)
            if checked or (checked is not None and key in result):
                result[key] = checked
    for key, kind in wanted.fields.items():
        if kind.fields is not None and result.get(key) == {} and kind.always:
            result[key] = dict(kind.always)
    return result


def _fit(value: Any, kind: type, wanted: Type, struct: str, path: str) -> Any:
    if isinstance(value, kind):
        return value
    raise WrongType(
        f"json: cannot unmarshal {json_type(value)} into Go struct field {struct}.{path} of type {wanted.name}"
    )


def _bytes(value: str) -> str:
    at = illegal_base64(value)
    if at is not None:
        raise WrongType(f"illegal base64 data at input byte {at}")
    return value


def _ordered(value: Any, wanted: Type) -> Any:
    if isinstance(value, list) and wanted.element is not None:
        return [_ordered(item, wanted.element) for item in value]
    if isinstance(value, dict) and wanted.fields is not None:
        return {key: _ordered(value[key], kind) for key, kind in wanted.fields.items() if key in value}
    return value
