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
from minikctl.kubectl.kuberc import API_VERSION, KubercError, locate

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
        raw = parse(data)
        head: Obj = {key: raw[key] for key in ("kind", "apiVersion") if key in raw}
        document: Obj = {**head, "defaults": raw.get("defaults") or [], "aliases": raw.get("aliases") or [], **raw}
        from minikctl.kubectl.printing import printer

        printer(self.flags, self.factory.streams.out)(document)

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
