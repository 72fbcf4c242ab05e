"""kubectl kuberc view: print the kuberc file.

Upstream counterpart: kubectl's `pkg/cmd/kuberc/view.go`.
"""

from __future__ import annotations

from minikctl.apimachinery.request import Obj
from minikctl.kubectl.cmd.kuberc_set import DISABLED, parse, save
from minikctl.kubectl.command import Command, Options
from minikctl.kubectl.errors import KubectlError, os_error
from minikctl.kubectl.flags import STRING, Flag
from minikctl.kubectl.flagsets import print_flags
from minikctl.kubectl.kuberc import API_VERSION, POLICY_FIELDS, KubercError, locate

_RECOMMENDED = (("apply", "server-side"), ("delete", "interactive"))


class ViewOptions(Options):
    """Which file, and how to print it."""

    path = ""
    named = False

    def complete(self, args: list[str]) -> None:
        try:
            self.path, self.named = locate(self.flags["kuberc"], self.factory.environ)
        except KubercError as error:
            raise KubectlError(str(error)) from None

    def validate(self) -> None:
        if not self.path:
            raise KubectlError(DISABLED)

    def run(self) -> None:
        try:
            with open(self.path, "rb") as file:
                data = file.read()
        except FileNotFoundError:
            self._missing()
            return
        except OSError as error:
            raise KubectlError(f"error reading kuberc file: {os_error(error)}") from None
        self._print(_typed(parse(data)))

    def _print(self, preference: Obj) -> None:
        """A typed object's JSON and KYAML have the order of its type, its other forms that of the alphabet."""
        from minikctl.kubectl.printing import ordered_dumper, printer

        dump = ordered_dumper(self.flags["output"])
        if dump is None:
            printer(self.flags, self.factory.streams.out)(preference)
        else:
            self.factory.streams.out.write(dump(preference))

    def _missing(self) -> None:
        """Offer to write a file with recommended defaults."""
        if self.named:
            raise KubectlError(f"kuberc file not found at {self.path}")
        factory = self.factory
        factory.out(f"kuberc file not found at {self.path}")
        factory.streams.out.write("Would you like to generate a default kuberc file with recommended options? (y/N): ")
        factory.streams.out.flush()
        if factory.streams.stdin.readline().strip().lower() != "y":
            return
        defaults = [
            {"command": command, "options": [{"name": flag, "default": "true"}]} for command, flag in _RECOMMENDED
        ]
        save({"apiVersion": API_VERSION, "kind": "Preference", "defaults": defaults}, self.path)
        factory.out(f"Updated {self.path}")


def _typed(raw: Obj) -> Obj:
    """The content as the type Preference of v1beta1 takes it in, whatever version it says it has."""
    found: Obj = {key: raw[key] for key in ("kind", "apiVersion") if raw.get(key)}
    found["defaults"] = [_entry(entry, ("command",), ()) for entry in raw.get("defaults") or ()]
    found["aliases"] = [
        _entry(entry, ("name", "command"), ("prependArgs", "appendArgs")) for entry in raw.get("aliases") or ()
    ]
    return {**found, **{key: raw[key] for key in POLICY_FIELDS if raw.get(key)}}


def _entry(raw: Obj, texts: tuple[str, ...], lists: tuple[str, ...]) -> Obj:
    found: Obj = {key: raw.get(key) or "" for key in texts}
    found.update({key: raw[key] for key in lists if raw.get(key)})
    options = raw.get("options")
    if options is not None:
        options = [{key: option.get(key) or "" for key in ("name", "default")} for option in options]
    return {**found, "options": options} if options or not lists else found


COMMAND = Command(
    "kuberc view",
    ViewOptions,
    (
        Flag("kuberc", "", STRING, "", "Path to the kuberc file with preferences; KUBECTL_KUBERC=false turns it off."),
        *print_flags("yaml"),
    ),
    long="""
Print the content of the kuberc file.
""",
    example="""
        # Print the preferences as YAML
        kubectl kuberc view

        # Print them as JSON
        kubectl kuberc view --output json

        # Print another file
        kubectl kuberc view --kuberc /path/to/kuberc
        """,
)
