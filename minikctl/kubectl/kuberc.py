"""kuberc: personal preferences. Aliases and default flags become arguments before the command is found.

main calls `apply` when a kuberc file may have a say; `kuberc set` and `kuberc view` read and write
the file. Upstream counterpart: kubectl's `pkg/kuberc` (kubectl.config.k8s.io/v1beta1).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from minikctl.kubectl.errors import PlainError, os_error
from minikctl.kubectl.flags import FlagError, FlagSet
from minikctl.kubectl.flagsets import GLOBAL
from minikctl.kubectl.kubeconfig import home

API_VERSION = "kubectl.config.k8s.io/v1beta1"
# The fields of each version: section -> (name of the options field, list fields).
_SECTIONS: dict[str, dict[str, tuple[str, tuple[str, ...]]]] = {
    API_VERSION: {"defaults": ("options", ()), "aliases": ("options", ("prependArgs", "appendArgs"))},
    "kubectl.config.k8s.io/v1alpha1": {
        "overrides": ("flags", ()),
        "aliases": ("flags", ("prependArgs", "appendArgs")),
    },
}
POLICY_FIELDS = ("credentialPluginPolicy", "credentialPluginAllowlist")
_ALIAS = re.compile("[a-zA-Z]+")
_SHORTHANDS = re.compile("-[a-zA-Z]+")

Preference = dict[str, Any]
Find = Callable[[Sequence[str]], tuple[tuple[str, ...], list[str]]]


class KubercError(Exception):
    """Why the preferences cannot be used."""


def default_path(environ: Mapping[str, str]) -> str:
    """Where preferences are looked for when nothing names a file."""
    return os.path.join(home(environ), "kuberc")


def locate(explicit: str, environ: Mapping[str, str]) -> tuple[str, bool]:
    """The file to use and whether the user named it; "" when preferences are turned off."""
    variable = environ.get("KUBERC", "")
    if variable == "off":
        if explicit:
            raise KubercError("disabling kuberc via KUBERC=off and passing kuberc flag are mutually exclusive")
        return "", False
    if explicit or variable:
        return explicit or variable, True
    return default_path(environ), False


def explicit_file(args: Sequence[str]) -> str:
    """The value of --kuberc, found before any flag is parsed."""
    for index, arg in enumerate(args):
        if arg == "--":
            break
        if arg == "--kuberc" or arg.startswith("--kuberc="):
            path = arg.partition("=")[2] if "=" in arg else "".join(args[index + 1 : index + 2])
            if not path:
                raise KubercError("kuberc file is not found")
            return path
    return ""


def load(path: str, warn: Callable[[str], object]) -> Preference | None:
    """The first usable preferences in the file; None when it is empty. OSError when it cannot be read."""
    from minikctl.kubectl.manifest import ParseError, documents

    with open(path, "rb") as file:
        data = file.read()
    try:
        found = list(documents(data))
    except ParseError:
        found = [None]
    for document in found:
        unknown: list[str] = []
        preference = _internal(document, unknown)
        if preference is not None:
            if unknown:
                listed = ", ".join(f'unknown field "{name}"' for name in unknown)
                # kubectl ends this one without a newline.
                warn(f"kuberc: ignoring strict decoding error in {path}: strict decoding error: {listed}")
            return preference
    if found:
        raise KubercError(f"no valid preferences found in {path}, use --v=5 to see details")
    return None


def _internal(document: Any, unknown: list[str]) -> Preference | None:
    """A document as {"defaults": [...], "aliases": [...]}; None when it is no Preference."""
    if not isinstance(document, dict) or document.get("kind") != "Preference":
        return None
    sections = _SECTIONS.get(str(document.get("apiVersion")))
    if sections is None:
        return None
    known = {"apiVersion", "kind", *sections, *POLICY_FIELDS}
    unknown.extend(str(name) for name in document if name not in known)
    result: Preference = {}
    for section, (options, lists) in sections.items():
        entries = document.get(section) or []
        if not isinstance(entries, list):
            return None
        name = "defaults" if section == "overrides" else section
        result[name] = []
        for index, raw in enumerate(entries):
            entry = _entry(raw, options, lists, f"{section}[{index}]", section == "aliases", unknown)
            if entry is None:
                return None
            result[name].append(entry)
    return result


def _entry(
    raw: Any, options: str, lists: tuple[str, ...], path: str, named: bool, unknown: list[str]
) -> dict[str, Any] | None:
    if not isinstance(raw, dict):
        return None
    texts = ("name", "command") if named else ("command",)
    unknown.extend(f"{path}.{name}" for name in raw if name not in (*texts, *lists, options))
    entry: dict[str, Any] = {name: raw.get(name) or "" for name in texts}
    entry.update({name: raw.get(name) or [] for name in lists})
    entry["options"] = raw.get(options) or []
    if any(not isinstance(entry[name], str) for name in texts):
        return None
    for name in lists:
        if not isinstance(entry[name], list) or any(not isinstance(item, str) for item in entry[name]):
            return None
    if not isinstance(entry["options"], list):
        return None
    for index, option in enumerate(entry["options"]):
        if not isinstance(option, dict) or any(not isinstance(option.get(key, ""), str) for key in ("name", "default")):
            return None
        unknown.extend(f"{path}.{options}[{index}].{key}" for key in option if key not in ("name", "default"))
    return entry


def _validate(preference: Preference) -> None:
    seen: set[str] = set()
    for alias in preference.get("aliases") or ():
        if not _ALIAS.fullmatch(alias["name"]):
            raise KubercError("invalid alias name, can only include alphabetical characters")
        _validate_options(alias["options"])
        if alias["name"] in seen:
            raise KubercError(f"duplicate alias name {alias['name']}")
        seen.add(alias["name"])
    for default in preference.get("defaults") or ():
        _validate_options(default["options"])


def _validate_options(options: Sequence[Mapping[str, str]]) -> None:
    for option in options:
        if option.get("name", "").startswith("-"):
            raise KubercError(f"flag name {option['name']} should be in long form without dashes")


def apply(args: list[str], environ: Mapping[str, str], warn: Callable[[str], object], program: str) -> list[str]:
    """The command line with aliases expanded and default flags added. `warn` writes to standard error."""
    if environ.get("KUBECTL_KUBERC", "").lower() == "false":
        return args
    try:
        preference = _preferences(args, environ, warn)
        if preference is None:
            return args
        _validate(preference)
        return _Expansion(preference, args, warn, program).run()
    except KubercError as error:
        raise PlainError(f"error occurred while applying preferences {error}") from None


def _preferences(args: Sequence[str], environ: Mapping[str, str], warn: Callable[[str], object]) -> Preference | None:
    explicit = explicit_file(args)
    path, named = "", True
    try:
        path, named = locate(explicit, environ)
        return load(path, warn) if path else None
    except OSError as error:
        if not named:
            return None
        raise KubercError(f"kuberc error kuberc: {os_error(error)}") from None
    except KubercError as error:
        if not path:
            raise KubercError(f"kuberc error {error}") from None
        if named:
            raise KubercError(f"kuberc error kuberc: {error}") from None
        warn(f"kuberc: no preferences loaded from {path}: {error}\n")
        return None


class _Expansion:
    """Expands one command line."""

    def __init__(self, preference: Preference, args: list[str], warn: Callable[[str], object], program: str) -> None:
        from minikctl.kubectl import main

        self.main = main
        self.preference = preference
        self.args = args
        self.warn = warn
        self.program = program

    def run(self) -> list[str]:
        path, rest = self.main.find(self.args)
        if not path and self.main.strip_flags(rest, FlagSet(GLOBAL)):
            return self._alias()
        return self._defaults(path) if path else self.args

    def _alias(self) -> list[str]:
        args = self.args
        index = next((at for at, arg in enumerate(args) if not arg.startswith(("-", "__complete"))), len(args))
        word = args[index] if index < len(args) else ""
        alias = next((item for item in self.preference.get("aliases") or () if item["name"] == word), None)
        if alias is None:
            return args
        words = alias["command"].split()
        path, _ = self.main.find(words)
        if not path:
            raise KubercError(f'command "{alias["command"]}" not found to set alias "{word}": {_go_list(words)}')
        flags = self._flags(
            path, alias["options"],
            f"invalid alias flag {{0}} in alias {self.program}",
            f"could not apply value {{1}} to flag {{0}} in alias {self.program} err: {{2}}",
        )  # fmt: skip
        return [
            *args[:index], *words, *flags, *alias["prependArgs"], *args[index + 1 :], *alias["appendArgs"],
        ]  # fmt: skip

    def _defaults(self, path: tuple[str, ...]) -> list[str]:
        flags: list[str] = []
        for entry in self.preference.get("defaults") or ():
            command = entry["command"]
            other, _ = self.main.find(command.split())
            if not other:
                self.warn(f'Warning: command "{command}" not found to set kuberc override\n')
            elif other[-1] == path[-1]:
                flags += self._flags(
                    path, entry["options"],
                    f"invalid flag {{0}} for command {command}",
                    f"could not apply override value {{1}} to flag {{0}} in command {command} err: {{2}}",
                )  # fmt: skip
        if not flags:
            return self.args
        at = self.args.index("--") if "--" in self.args else len(self.args)
        return [*self.args[:at], *flags, *self.args[at:]]

    def _flags(
        self, path: tuple[str, ...], options: Sequence[Mapping[str, str]], unknown: str, refused: str
    ) -> list[str]:
        """--name=value of the options that the command line does not set itself."""
        known = self.main.load(path).flag_set
        found = []
        for option in options:
            name, value = option.get("name", ""), option.get("default", "")
            flag = known.by_name.get(name)
            if flag is None:
                raise KubercError(unknown.format(name))
            if _given(name, flag.short, self.args):
                continue
            argument = f"--{name}={value}"
            try:
                known.parse([argument], lambda text: None)
            except FlagError as error:
                raise KubercError(refused.format(name, value, error)) from None
            found.append(argument)
        return found


def _given(name: str, short: str, args: Sequence[str]) -> bool:
    """Whether the arguments set a flag, as far as can be seen without parsing them."""
    for arg in args:
        if arg == f"--{name}" or arg.startswith(f"--{name}="):
            return True
        if short and (arg.startswith(f"-{short}") or (_SHORTHANDS.fullmatch(arg) and short in arg[1:])):
            return True
    return False


def _go_list(words: Sequence[str]) -> str:
    return f"[{' '.join(words)}]"
