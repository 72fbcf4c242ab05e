"""kubectl config view, get-contexts, current-context, get-clusters, get-users: looking only.

Upstream counterpart: the files of those names in kubectl's `pkg/cmd/config`.
"""

from __future__ import annotations

import copy
import os

from minikctl.apimachinery.request import Obj
from minikctl.kubectl import kubeconfig
from minikctl.kubectl.command import Command, Options
from minikctl.kubectl.errors import KubectlError, raise_all
from minikctl.kubectl.flags import BOOL, STRING, Flag
from minikctl.kubectl.flagsets import NO_HEADERS, print_flags
from minikctl.kubectl.kubeconfig import SECTIONS, Kubeconfig
from minikctl.kubectl.kubeconfig_edit import Editor
from minikctl.kubectl.kubeconfigtypes import in_struct_order

_SECRET = {
    "certificate-authority-data": "DATA+OMITTED",
    "client-certificate-data": "DATA+OMITTED",
    "client-key-data": "DATA+OMITTED",
    "token": "REDACTED",
    "password": "REDACTED",
}
_FILES = {
    "clusters": ("certificate-authority",),
    "users": ("client-certificate", "client-key"),
    "contexts": (),
}


class ViewOptions(Options):
    """The merged configuration, as a whole or what one context needs."""

    def complete(self, args: list[str]) -> None:
        if args:
            raise self.usage_error(f"unexpected arguments: [{' '.join(args)}]")

    def validate(self) -> None:
        if not self.flags["merge"] and not self.flags["kubeconfig"]:
            raise KubectlError("if merge==false a precise file must be specified")

    def run(self) -> None:
        flags = self.flags
        config = self._load()
        if flags["minify"]:
            minify(config, flags["context"])
        self._rewrite(config)
        raw = config.to_raw()
        from minikctl.kubectl.printing import ordered_dumper, printer

        dump = ordered_dumper(flags["output"])
        if dump is None:
            printer(flags, self.factory.streams.out)(raw)
        else:
            self.factory.streams.out.write(dump(in_struct_order(raw)))

    def _load(self) -> Kubeconfig:
        explicit = self.flags["kubeconfig"]
        if self.flags["merge"]:
            return Editor(explicit, self.factory.environ).config
        if not os.path.exists(explicit):
            raise KubectlError(f"open {explicit}: no such file or directory")
        return kubeconfig.load(explicit, self.factory.environ, cached=False)

    def _rewrite(self, config: Kubeconfig) -> None:
        """--flatten puts files into the document, --raw leaves secrets in."""
        for section in SECTIONS:
            entries = config.sections[section]
            for name, entry in entries.items():
                entry = copy.deepcopy(entry)
                for field in _FILES[section]:
                    if self.flags["flatten"] and entry.get(field):
                        _flatten(entry, field, config.origin[section, name])
                if not self.flags["raw"] and not self.flags["flatten"]:
                    for field, instead in _SECRET.items():
                        if entry.get(field):
                            entry[field] = instead
                entries[name] = entry


def _flatten(entry: Obj, field: str, origin: str) -> None:
    """Put a file, named relative to the kubeconfig it stands in, into the entry."""
    if entry.get(f"{field}-data"):
        raise KubectlError("cannot have values for both path and contents")
    path = os.path.normpath(os.path.join(os.path.abspath(os.path.dirname(origin)), entry.pop(field)))
    try:
        entry[f"{field}-data"] = embed(path)
    except IsADirectoryError:
        raise KubectlError(f"read {path}: is a directory") from None
    except OSError as error:
        raise KubectlError(f"open {path}: {(error.strerror or '').lower()}") from None


def embed(path: str) -> str:
    """A file's content in base64."""
    import base64

    with open(path, "rb") as file:
        return base64.b64encode(file.read()).decode()


def minify(config: Kubeconfig, context_name: str) -> None:
    """Drop everything the current (or the given) context does not need."""
    name = context_name or config.current_context
    if not name:
        raise KubectlError("current-context must exist in order to minify")
    if name not in config.sections["contexts"]:
        raise KubectlError(f"cannot locate context {name}")
    context = config.sections["contexts"][name]
    config.current_context = name
    keep = {"contexts": name, "clusters": context.get("cluster"), "users": context.get("user")}
    for section, what in (("clusters", "cluster"), ("users", "user")):
        if keep[section] and keep[section] not in config.sections[section]:
            raise KubectlError(f"cannot locate {what} {keep[section]}")
    for section in SECTIONS:
        entries = config.sections[section]
        config.sections[section] = {key: value for key, value in entries.items() if key == keep[section]}


class GetContextsOptions(Options):
    """A table of contexts."""

    def complete(self, args: list[str]) -> None:
        self.args = args
        if self.flags["output"] not in ("", "name"):
            raise KubectlError(
                f"--output {self.flags['output']} is not available in {self.factory.command_path}; "
                "resetting to default output format"
            )

    def run(self) -> None:
        config = Editor(self.flags["kubeconfig"], self.factory.environ).config
        contexts = config.sections["contexts"]
        names = sorted(name for name in contexts if not self.args or name in self.args)
        missing = [KubectlError(f"context {name} not found") for name in self.args if name not in contexts]
        if self.flags["output"] == "name":
            for name in names:
                self.factory.out(name)
            raise_all(missing)
            return
        from minikctl.printers.tabwriter import align

        lines = [] if self.flags["no-headers"] else ["CURRENT\tNAME\tCLUSTER\tAUTHINFO\tNAMESPACE"]
        for name in names:
            context = contexts[name]
            mark = "*" if name == config.current_context else " "
            fields = (context.get(key, "") for key in ("cluster", "user", "namespace"))
            lines.append("\t".join((mark, name, *fields)))
        if lines:
            self.factory.streams.out.write(align("\n".join(lines) + "\n"))
        raise_all(missing)


class CurrentContextOptions(Options):
    """The name of the current context."""

    def run(self) -> None:
        config = Editor(self.flags["kubeconfig"], self.factory.environ).config
        if not config.current_context:
            raise KubectlError("current-context is not set")
        self.factory.out(config.current_context)


class NamesOptions(Options):
    """The names of one section."""

    section = "clusters"

    def run(self) -> None:
        config = Editor(self.flags["kubeconfig"], self.factory.environ).config
        self.factory.out("NAME")
        for name in sorted(config.sections[self.section]):
            self.factory.out(name)


class UserNamesOptions(NamesOptions):
    """The names of users."""

    section = "users"


VIEW = Command(
    "config view [flags]",
    ViewOptions,
    (
        *print_flags("yaml"),
        Flag("flatten", "", BOOL, False, "Put referenced files into the output, so that it stands alone"),
        Flag("merge", "", BOOL, True, "Merge all kubeconfig files"),
        Flag("minify", "", BOOL, False, "Leave out what the current context does not use"),
        Flag("raw", "", BOOL, False, "Show certificate data and secrets"),
    ),
    long="""
Show the merged kubeconfig or one kubeconfig file.

 With --output jsonpath={...} single values can be taken out.
""",
    example="""
        # Show merged kubeconfig settings
        kubectl config view

        # Show them with certificate data and secrets
        kubectl config view --raw

        # Print the password of the user e2e
        kubectl config view -o jsonpath='{.users[?(@.name == "e2e")].user.password}'
        """,
)
GET_CONTEXTS = Command(
    "config get-contexts [(-o|--output=)name)]",
    GetContextsOptions,
    (NO_HEADERS, Flag("output", "o", STRING, "", "Output format. One of: (name).")),
    long="Show one or many contexts of the kubeconfig.",
    example="""
        # List all contexts
        kubectl config get-contexts

        # Show one context
        kubectl config get-contexts my-context
        """,
)
CURRENT_CONTEXT = Command(
    "config current-context [flags]",
    CurrentContextOptions,
    long="Show the current context.",
    example="""
        # Show the current context
        kubectl config current-context
        """,
)
GET_CLUSTERS = Command(
    "config get-clusters [flags]",
    NamesOptions,
    long="List the clusters of the kubeconfig.",
    example="""
        # List the clusters that kubectl knows about
        kubectl config get-clusters
        """,
)
GET_USERS = Command(
    "config get-users [flags]",
    UserNamesOptions,
    long="List the users of the kubeconfig.",
    example="""
        # List the users that kubectl knows about
        kubectl config get-users
        """,
)
