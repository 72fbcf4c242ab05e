"""kubectl kuberc set: write a default or an alias into the kuberc file.

Upstream counterpart: kubectl's `pkg/cmd/kuberc/set.go`.
"""

from __future__ import annotations

import os
from typing import Any

from minikctl.kubectl.command import Command, Options
from minikctl.kubectl.errors import KubectlError, os_error
from minikctl.kubectl.flags import BOOL, STRING, STRING_ARRAY, Flag, quote
from minikctl.kubectl.kuberc import API_VERSION, KubercError, locate

_DEFAULTS, _ALIASES, _PLUGINS = "defaults", "aliases", "credentialplugin"
_ALLOWLIST = "Allowlist"
DISABLED = "KUBERC is disabled via KUBERC=off environment variable"


class SetOptions(Options):
    """The section, the command and what to set."""

    path = ""

    def complete(self, args: list[str]) -> None:
        try:
            self.path, _ = locate(self.flags["kuberc"], self.factory.environ)
        except KubercError as error:
            raise KubectlError(str(error)) from None

    def validate(self) -> None:
        flags = self.flags
        section = flags["section"]
        if not self.path:
            raise KubectlError(DISABLED)
        if section not in (_DEFAULTS, _ALIASES, _PLUGINS):
            raise KubectlError(f'--section must be "{_DEFAULTS}", "{_ALIASES}", or "{_PLUGINS}", got: {section}')
        if section == _ALIASES and not flags["name"]:
            raise KubectlError("--name is required when --section=aliases")
        if section == _DEFAULTS and flags["name"]:
            raise KubectlError("--name should not be specified when --section=defaults")
        if section == _DEFAULTS and (flags["prependarg"] or flags["appendarg"]):
            raise KubectlError("--prependarg and --appendarg are only valid for --section=aliases")
        if section != _PLUGINS and not flags["command"]:
            raise KubectlError("--command is required when --section=aliases or --section=defaults")
        if section == _PLUGINS:
            self._validate_policy()

    def _validate_policy(self) -> None:
        policy, entries = self.flags["policy"], self.flags["allowlist-entry"]
        if not policy:
            raise KubectlError(f"--policy is required when --section={_PLUGINS}")
        if policy not in ("AllowAll", "DenyAll", _ALLOWLIST):
            raise KubectlError(f"invalid value for --policy: {quote(policy)}")
        where = f"when --section={_PLUGINS} and --policy={_ALLOWLIST}"
        if policy != _ALLOWLIST and entries:
            raise KubectlError(f"--allowlist-entry may only be used {where}")
        if policy == _ALLOWLIST and not entries:
            raise KubectlError(f"--allowlist-entry is required {where}")

    def run(self) -> None:
        preference = self._load()
        options = self._options()
        section = self.flags["section"]
        if section == _DEFAULTS:
            self._set_defaults(preference, options)
        elif section == _ALIASES:
            self._set_alias(preference, options)
        else:
            preference["credentialPluginPolicy"] = self.flags["policy"]
            if self.flags["policy"] == _ALLOWLIST:
                preference["credentialPluginAllowlist"] = self._allowlist()
        save(preference, self.path)
        self.factory.out(f"Updated {self.path}")

    def _load(self) -> dict[str, Any]:
        try:
            with open(self.path, "rb") as file:
                data = file.read()
        except FileNotFoundError:
            data = b""
        except OSError as error:
            raise KubectlError(f"error reading kuberc file: {os_error(error)}") from None
        return parse(data) or {"apiVersion": API_VERSION, "kind": "Preference"}

    def _options(self) -> list[dict[str, str]]:
        options = []
        for text in self.flags["option"]:
            name, equals, value = text.partition("=")
            if not equals:
                raise KubectlError(f"invalid option format {quote(text)}, expected flag=value")
            options.append({"default": value, "name": name.lstrip("-")})
        return options

    def _set_defaults(self, preference: dict[str, Any], options: list[dict[str, str]]) -> None:
        command = self.flags["command"]
        entries = preference["defaults"] = list(preference.get("defaults") or ())
        for entry in entries:
            if entry.get("command") == command:
                if not self.flags["overwrite"]:
                    raise KubectlError(
                        f"defaults for command {quote(command)} already exist, use --overwrite to replace"
                    )
                entry["options"] = options or entry.get("options")
                return
        entries.append({"command": command, "options": options or None})

    def _set_alias(self, preference: dict[str, Any], options: list[dict[str, str]]) -> None:
        flags, name = self.flags, self.flags["name"]
        entries = preference["aliases"] = list(preference.get("aliases") or ())
        new = {
            "name": name, "command": flags["command"],
            "prependArgs": flags["prependarg"], "appendArgs": flags["appendarg"], "options": options,
        }  # fmt: skip
        for index, old in enumerate(entries):
            if old.get("name") == name:
                if not flags["overwrite"]:
                    raise KubectlError(f"alias {quote(name)} already exists, use --overwrite to replace")
                kept = {key: new[key] or old.get(key) for key in ("prependArgs", "appendArgs", "options")}
                entries[index] = _without_empty({**new, **kept})
                return
        entries.append(_without_empty(new))

    def _allowlist(self) -> list[dict[str, str]]:
        entries, problems = [], []
        for pair in (pair for text in self.flags["allowlist-entry"] for pair in text.split(",")):
            key, equals, value = pair.partition("=")
            if not equals:
                problems.append(f"improperly formatted allowlist entry: {quote(pair)}")
            elif key == "name":
                problems.append('allowlist entry field "name" is deprecated, use "command" instead')
            elif key != "command":
                problems.append(f"unrecognized allowlist entry field: {quote(key)}")
            elif not value.strip():
                problems.append(f"empty value in allowlist entry for field {quote(key)}")
            else:
                entries.append({"command": value})
        if problems:
            raise KubectlError("\n".join(problems))
        return entries


def _without_empty(entry: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if value or key in ("name", "command")}


def parse(data: bytes) -> dict[str, Any]:
    """The content of a kuberc file as it stands there; {} for an empty one."""
    from minikctl.kubectl.manifest import ParseError, parse_yaml

    try:
        value = parse_yaml(data)
    except ParseError as error:
        raise KubectlError(f"error parsing kuberc file: {error}") from None
    if value is not None and not isinstance(value, dict):
        raise KubectlError("error parsing kuberc file: error unmarshaling JSON: json: cannot unmarshal into Preference")
    return value or {}


def save(preference: dict[str, Any], path: str) -> None:
    """Write the file, making its directory when needed."""
    from minikctl.printers import yamlout

    document = {"aliases": None, "defaults": None, **preference}
    try:
        os.makedirs(os.path.dirname(path) or ".", mode=0o755, exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(yamlout.dump(document))
    except OSError as error:
        raise KubectlError(f"error writing kuberc file: {os_error(error)}") from None


COMMAND = Command(
    "kuberc set --section (defaults|aliases) --command COMMAND",
    SetOptions,
    (
        Flag("allowlist-entry", "", STRING_ARRAY, [], "Allowlist entry as field=value; may be repeated"),
        Flag("appendarg", "", STRING_ARRAY, [], "Argument to put after the user's (aliases only); may be repeated"),
        Flag("command", "", STRING, "", "Command to configure (such as get, create or 'set env')"),
        Flag("kuberc", "", STRING, "", "Path to the kuberc file with preferences; KUBECTL_KUBERC=false turns it off."),
        Flag("name", "", STRING, "", "Name of the alias (needed with --section=aliases)"),
        Flag("option", "", STRING_ARRAY, [], "Flag and its default as flag=value; may be repeated"),
        Flag("overwrite", "", BOOL, False, "Replace entries that exist"),
        Flag("policy", "", STRING, "", "Policy for exec credential plugins: AllowAll, DenyAll or Allowlist"),
        Flag("prependarg", "", STRING_ARRAY, [], "Argument to put before the user's (aliases only); may be repeated"),
        Flag("section", "", STRING, "", "Section to change: defaults, aliases or credentialplugin"),
    ),
    long="""
Set values in the kuberc file.

 --section chooses between default flags of commands and aliases. For defaults, --command names the command alone (get,
create, set env), without resources. For aliases, --prependarg and --appendarg add resources or other arguments.
""",
    example="""
        # Let 'get' print wide tables
        kubectl kuberc set --section defaults --command get --option output=wide

        # Give a subcommand a default output format
        kubectl kuberc set --section defaults --command "set env" --option output=yaml

        # Make 'getn' stand for 'get nodes'
        kubectl kuberc set --section aliases --name getn --command get --prependarg nodes --option output=wide

        # Replace a default
        kubectl kuberc set --section defaults --command get --option output=json --overwrite
        """,
    required=("section",),
)
