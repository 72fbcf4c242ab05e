"""kubectl annotate: sets, changes and removes annotations.

Upstream counterpart: kubectl's `pkg/cmd/annotate`.
"""

from __future__ import annotations

from collections.abc import Sequence

from minikctl.apimachinery.request import Obj
from minikctl.kubectl.cmd import pairs
from minikctl.kubectl.command import Command
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.printing import Printer

CHANGE_CAUSE = "kubernetes.io/change-cause"


def parse_pairs(specs: Sequence[str], noun: str) -> tuple[dict[str, str], list[str]]:
    """KEY=VALUE and KEY- arguments."""
    new: dict[str, str] = {}
    removed: list[str] = []
    wrong: list[str] = []
    for spec in specs:
        key, equals, value = spec.partition("=")
        if equals and key:
            new[key] = value
        elif spec.endswith("-") and spec != "-":
            removed.append(spec[:-1])
        else:
            wrong.append(spec)
    if wrong:
        raise KubectlError(f"invalid {noun} format: {', '.join(wrong)}")
    return new, removed


class AnnotateOptions(pairs.PairOptions):
    """Annotations to set and remove."""

    noun = "annotation"
    field = "annotations"
    example = "rsrc"

    def parse(self, specs: Sequence[str]) -> tuple[dict[str, str], list[str]]:
        new, removed = parse_pairs(specs, "annotation")
        both = ", ".join(key for key in removed if key in new)
        if both:
            raise KubectlError(
                f"can not both modify and remove the following annotation(s) in the same command: {both}"
            )
        return new, removed

    def check_overwrites(self, current: dict[str, str]) -> None:
        found = [
            f"'{key}' already has a value ({current[key]})"
            for key, value in self.new.items()
            if key in current and current[key] != value and key != CHANGE_CAUSE
        ]
        if found:
            listed = "; ".join(found)
            raise KubectlError(f"--overwrite is false but found the following declared annotation(s): {listed}")

    def complete(self, args: list[str]) -> None:
        super().complete(args)
        self._printer = super().printer("annotated")

    def operation(self, before: Obj, after: Obj) -> str:
        return "annotated"

    def printer(self, operation: str) -> Printer:
        """One for all objects: their documents are set apart."""
        return self._printer


COMMAND = Command(
    "annotate [--overwrite] (-f FILENAME | TYPE NAME) KEY_1=VAL_1 ... KEY_N=VAL_N [--resource-version=version]",
    AnnotateOptions,
    pairs.flags("annotate", "annotation"),
    long="""
Update the annotations of one or more resources.

 Annotations are key and value pairs that may be larger than labels and may hold any text, such as JSON. Tools and
 extensions keep their data in them.

 A value that is there may only be changed with --overwrite.
""",
    example="""
        # Set the annotation description of pod foo
        kubectl annotate pods foo description='my frontend'

        # Change it
        kubectl annotate --overwrite pods foo description='my frontend running nginx'

        # Annotate all pods of the namespace
        kubectl annotate pods --all description='my frontend running nginx'

        # Remove the annotation description
        kubectl annotate pods foo description-
        """,
)
