"""kubectl config set and unset: one value by its dotted path.

Upstream counterpart: `set.go`, `unset.go` and `navigation_step_parser.go` of kubectl's `pkg/cmd/config`.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.request import Obj
from minikctl.kubectl.cmd.config_options import ConfigOptions
from minikctl.kubectl.command import Command
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flags import BOOL, Flag, quote

_BOOLS = frozenset(("insecure-skip-tls-verify", "disable-compression", "colors"))
_TEXTS = ("kind", "apiVersion")
# Fields that are no single value and so can only be unset, and how kubectl calls what they are.
_LISTS = ("as-groups",)
_MAPS = ("extensions", "as-user-extra")
_STRUCTS = ("auth-provider", "exec")
# The names of kubectl's own struct, where "as" of the file is "act-as".
_FIELDS = {
    "clusters": frozenset(
        ("server", "tls-server-name", "insecure-skip-tls-verify", "certificate-authority", "certificate-authority-data",
         "proxy-url", "disable-compression", "extensions")
    ),
    "contexts": frozenset(("cluster", "user", "namespace", "extensions")),
    "users": frozenset(
        ("client-certificate", "client-certificate-data", "client-key", "client-key-data", "token", "tokenFile",
         "act-as", "act-as-uid", "act-as-groups", "act-as-user-extra", "username", "password", "auth-provider", "exec",
         "extensions")
    ),
}  # fmt: skip


class Path:
    """A parsed property path: section, entry name, field (the last two may be empty)."""

    def __init__(self, section: str, name: str = "", field: str = "") -> None:
        self.section = section
        self.name = name
        self.field = field.removeprefix("act-")


def parse(path: str) -> Path:
    """Split a path. A name reaches to the first part that is a field of an entry, else to the end."""
    section, *parts = path.split(".")
    if section in ("current-context", *_TEXTS):
        if parts:
            raise KubectlError(f"unable to parse one or more field values of {path}")
        return Path(section)
    if section == "preferences":
        return Path(section, field=".".join(parts))
    if section not in _FIELDS:
        raise KubectlError(f"unable to parse {path} after [] at api.Config")
    fields = _FIELDS[section]
    end = next((at for at, part in enumerate(parts) if at and part in fields), len(parts))
    if end + 1 < len(parts):
        raise KubectlError(f"unable to parse one or more field values of {path}")
    return Path(section, ".".join(parts[:end]), "".join(parts[end:]))


class SetOptions(ConfigOptions):
    """Set one value."""

    def complete(self, args: list[str]) -> None:
        self.path, self.value = self.exact_args(args, 2)

    def validate(self) -> None:
        if not self.value:
            raise KubectlError("you cannot use set to unset a property")
        if not self.path:
            raise KubectlError("you must specify a property")

    def run(self) -> None:
        editor = self.editor()
        path = parse(self.path)
        if path.section == "current-context":
            editor.config.current_context = self.value
        elif path.section == "preferences":
            if path.field != "colors":
                raise KubectlError(f"unable to parse {self.path} after [preferences] at api.Preferences")
            editor.config.preferences = {**editor.config.preferences, path.field: self._typed(path.field)}
        elif path.section in _TEXTS:
            pass  # a file is always written with its own kind and version
        elif not path.field:
            raise KubectlError(f"can't set a map to a value: map[{' '.join(sorted(editor.section(path.section)))}]")
        else:
            entry: Obj = dict(editor.section(path.section).get(path.name, {}))
            self._refuse_compound(path.field, entry)
            if path.section == "contexts":
                entry = {"cluster": "", "user": "", **entry}
            elif path.section == "clusters":
                entry = {"server": "", **entry}
            entry[path.field] = self._typed(path.field)
            editor.section(path.section)[path.name] = entry
        editor.save()
        self.factory.out(f"Property {quote(self.path)} set.")

    def _refuse_compound(self, field: str, entry: Obj) -> None:
        if field in _LISTS:
            raise KubectlError("unrecognized slice type. string")
        if field in _MAPS:
            raise KubectlError(f"can't set a map to a value: map[{' '.join(entry.get(field) or ())}]")
        if field in _STRUCTS:
            raise KubectlError("unrecognized type: <nil>")

    def _typed(self, field: str) -> Any:
        if field in _BOOLS:
            if self.value.lower() not in ("true", "false", "1", "0", "t", "f"):
                raise KubectlError(f"strconv.ParseBool: parsing {quote(self.value)}: invalid syntax")
            return self.value.lower() in ("true", "1", "t")
        if field.endswith("-data") and not self.flags["set-raw-bytes"]:
            import base64

            from minikctl.apimachinery.decodeproblems import illegal_base64

            at = illegal_base64(self.value)
            if at is not None:
                raise KubectlError(f"error decoding input value: illegal base64 data at input byte {at}")
            return base64.b64encode(base64.b64decode(self.value)).decode()
        if field.endswith("-data"):
            import base64

            return base64.b64encode(self.value.encode()).decode()
        return self.value


class UnsetOptions(ConfigOptions):
    """Remove one value."""

    def complete(self, args: list[str]) -> None:
        self.path = self.exact_args(args, 1)[0]

    def run(self) -> None:
        editor = self.editor()
        path = parse(self.path)
        if path.section == "current-context":
            editor.config.current_context = ""
        elif path.section in _TEXTS:
            pass
        elif path.section == "preferences":
            preferences = {key: value for key, value in editor.config.preferences.items() if key != path.field}
            editor.config.preferences = preferences if path.field else {}
        elif not path.name:
            editor.section(path.section).clear()
        elif not path.field:
            editor.section(path.section).pop(path.name, None)
        else:
            entry = editor.section(path.section).get(path.name)
            if entry is None:
                raise KubectlError(f"current map key `{path.name}` is invalid")
            editor.section(path.section)[path.name] = {k: v for k, v in entry.items() if k != path.field}
        editor.save()
        self.factory.out(f"Property {quote(self.path)} unset.")


SET = Command(
    "config set PROPERTY_NAME PROPERTY_VALUE",
    SetOptions,
    (
        Flag(
            "set-raw-bytes", "", BOOL, False,
            "When writing a []byte PROPERTY_VALUE, write the given string directly without base64 decoding.",
        ),
    ),
    long="""
Set one value in a kubeconfig file.

 PROPERTY_NAME is a path with dots between its parts: a name of an entry, or a field. PROPERTY_VALUE is the new value;
 binary fields such as certificate-authority-data expect base64 unless --set-raw-bytes is given.
""",
    example="""
        # Set the server of the cluster my-cluster
        kubectl config set clusters.my-cluster.server sqlite:///tmp/x.db

        # Set the namespace of the context my-context
        kubectl config set contexts.my-context.namespace web
        """,
)  # fmt: skip
UNSET = Command(
    "config unset PROPERTY_NAME",
    UnsetOptions,
    long="""
Unset one value in a kubeconfig file.

 PROPERTY_NAME is a path with dots between its parts: a name of an entry, or a field.
""",
    example="""
        # Unset the current-context
        kubectl config unset current-context

        # Unset the namespace of the context foo
        kubectl config unset contexts.foo.namespace
        """,
)
