"""kubectl label: sets, changes and removes labels.

Upstream counterpart: kubectl's `pkg/cmd/label`.
"""

from __future__ import annotations

from collections.abc import Sequence

from minikctl.apimachinery.label_syntax import label_value_errors
from minikctl.apimachinery.meta import metadata_of
from minikctl.apimachinery.request import Obj
from minikctl.kubectl.cmd import pairs
from minikctl.kubectl.command import Command
from minikctl.kubectl.errors import KubectlError, raise_all
from minikctl.kubectl.flags import quote


class LabelOptions(pairs.PairOptions):
    """Labels to set and remove."""

    noun = "label"
    field = "labels"
    shows_answer = False

    def parse(self, specs: Sequence[str]) -> tuple[dict[str, str], list[str]]:
        new: dict[str, str] = {}
        removed: list[str] = []
        for spec in specs:
            if "=" in spec:
                key, _, value = spec.partition("=")
                if "=" in value:
                    raise KubectlError(f"invalid label spec: {spec}")
                problems = label_value_errors(value)
                if problems:
                    raise KubectlError(f"invalid label value: {quote(spec)}: {';'.join(problems)}")
                new[key] = value
            else:
                removed.append(spec[:-1])
        if any(key in new for key in removed):
            raise KubectlError("can not both modify and remove a label in the same command")
        return new, removed

    def check_overwrites(self, current: dict[str, str]) -> None:
        raise_all(
            KubectlError(f"'{key}' already has a value ({current[key]}), and --overwrite is false")
            for key, value in self.new.items()
            if key in current and current[key] != value
        )

    def note_missing(self, entries: dict[str, str]) -> None:
        for key in self.removed:
            if key not in entries:
                self.factory.out(f"label {quote(key)} not found.")

    def operation(self, before: Obj, after: Obj) -> str:
        found, new = metadata_of(before).get("labels"), metadata_of(after).get("labels") or {}
        old = found if isinstance(found, dict) else {}
        unlabeled = any(key not in new for key in old)
        labeled = any(old.get(key) != value for key, value in new.items())
        if labeled and unlabeled:
            return "modified"
        return "labeled" if labeled else "unlabeled" if unlabeled else "not labeled"


COMMAND = Command(
    "label [--overwrite] (-f FILENAME | TYPE NAME) KEY_1=VAL_1 ... KEY_N=VAL_N [--resource-version=version]",
    LabelOptions,
    pairs.flags("label", "label"),
    long="""
Update the labels of a resource.

  *  A label key and value must begin with a letter or number, and may contain letters, numbers, hyphens, dots, and
underscores, up to 63 characters each.
  *  The key may have a DNS prefix and a '/' in front, as in example.com/my-app.
  *  With --overwrite existing labels may be changed, else such a change is an error.
  *  With --resource-version the update only succeeds on that version, else on the one there is.
""",
    example="""
        # Set the label unhealthy=true on pod foo
        kubectl label pods foo unhealthy=true

        # Change the label status
        kubectl label --overwrite pods foo status=unhealthy

        # Label all pods of the namespace
        kubectl label pods --all status=unhealthy

        # Remove the label bar of pod foo
        kubectl label pods foo bar-
        """,
)
