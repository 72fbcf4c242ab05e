"""Changing kubeconfig files: every entry goes back to the file it came from.

Used by the config commands. Upstream counterpart: `ModifyConfig` of client-go's `tools/clientcmd`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from minikctl.apimachinery.request import Obj
from minikctl.kubectl import kubeconfig
from minikctl.kubectl.kubeconfig import SECTIONS, Kubeconfig

# The fields of entries that name files.
_FILES = {
    "clusters": ("certificate-authority",),
    "contexts": (),
    "users": ("client-certificate", "client-key", "tokenFile"),
}


class Editor:
    """A loaded configuration, to be changed in place and saved."""

    def __init__(self, explicit: str, environ: Mapping[str, str]) -> None:
        default = kubeconfig.default_path(environ)
        if kubeconfig.paths(explicit, environ) == [default] and not explicit and not os.path.exists(default):
            kubeconfig.create_default(environ)
        self.config = kubeconfig.load(explicit, environ, cached=False)
        self._before = {section: dict(self.config.sections[section]) for section in SECTIONS}
        self._context_before = self.config.current_context
        self._preferences_before = dict(self.config.preferences)

    @property
    def default_file(self) -> str:
        """Where new entries go, and the name that messages give."""
        files = self.config.files
        return next((path for path in files if os.path.exists(path)), files[-1])

    def section(self, name: str) -> dict[str, Obj]:
        """The entries of a section by name; replace values, do not alter them in place."""
        return self.config.sections[name]

    def rename(self, section: str, old: str, new: str) -> None:
        """Give an entry another name; it stays in its file."""
        self.config.sections[section][new] = self.config.sections[section].pop(old)
        if (section, old) in self.config.origin:
            self.config.origin[section, new] = self.config.origin[section, old]

    def save(self) -> None:
        """Write the files that have changed."""
        documents: dict[str, Kubeconfig] = {}

        def document(path: str) -> Kubeconfig:
            if path not in documents:
                one = Kubeconfig([path])
                one.merge(kubeconfig.read(path) or {}, path)
                documents[path] = one
            return documents[path]

        for section in SECTIONS:
            before, now = self._before[section], self.config.sections[section]
            for name in before.keys() | now.keys():
                if before.get(name) == now.get(name):
                    continue
                path = self.config.origin.get((section, name), self.default_file)
                entries = document(path).sections[section]
                if name in now:
                    entries[name] = _relative(section, now[name], path)
                else:
                    entries.pop(name, None)
        if self.config.current_context != self._context_before:
            where = self.default_file if self.config.current_context else self._context_file()
            document(where).current_context = self.config.current_context
        if self.config.preferences != self._preferences_before:
            document(self.default_file).preferences = self.config.preferences
        for path, one in documents.items():
            kubeconfig.write(path, one.to_raw())

    def _context_file(self) -> str:
        """The file that says which context is the current one."""
        for path in self.config.files:
            if (kubeconfig.read(path) or {}).get("current-context"):
                return path
        return self.default_file


def _relative(section: str, entry: Obj, origin: str) -> Obj:
    """An entry whose files are named relative to the kubeconfig it stands in, unless they lie outside its folder."""
    base = os.path.abspath(os.path.dirname(origin))

    def relative(path: str) -> str:
        path = os.path.join(base, path)
        shown = os.path.relpath(path, base)
        return os.path.normpath(path) if shown.startswith("../") else shown

    result: Obj = {key: relative(value) if key in _FILES[section] and value else value for key, value in entry.items()}
    # A program that is looked up on the PATH is no file.
    if "/" in (result.get("exec") or {}).get("command", ""):
        result["exec"] = {**result["exec"], "command": relative(result["exec"]["command"])}
    return result
