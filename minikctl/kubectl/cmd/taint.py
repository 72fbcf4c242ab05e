"""kubectl taint: sets and removes taints of nodes.

Upstream counterpart: kubectl's `pkg/cmd/taint`.
"""

from __future__ import annotations

from collections.abc import Sequence

from minikctl.apimachinery.label_syntax import label_key_errors, label_value_errors
from minikctl.apimachinery.request import Obj
from minikctl.kubectl import strategy, twoway
from minikctl.kubectl.command import Command, Options
from minikctl.kubectl.errors import KubectlError, NoResourceType, raise_all
from minikctl.kubectl.flags import BOOL, Flag, quote
from minikctl.kubectl.flagsets import DRY_RUN, PRINT, SELECTOR, VALIDATE, all_flag, field_manager
from minikctl.kubectl.info import Info
from minikctl.kubectl.typedprinting import typed_printer

FLAGS = (
    *PRINT,
    DRY_RUN,
    SELECTOR,
    VALIDATE,
    all_flag("Select all nodes in the cluster"),
    field_manager("kubectl-taint"),
    Flag("overwrite", "", BOOL, False, "If true, existing taints may be overwritten; else that is refused."),
)
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")


class TaintOptions(Options):
    """Which taints to set on and remove from which nodes."""

    def complete(self, args: list[str]) -> None:
        self.dry_run = strategy.dry_run(self.factory, self.flags)
        strategy.field_validation(self.flags)  # a patch that only changes taints has no unknown fields
        self.resources: list[str] = []
        specs: list[str] = []
        for arg in args:
            if "=" in arg or ":" in arg or arg.endswith("-"):
                specs.append(arg)
            elif specs:
                raise KubectlError(f"all resources must be specified before taint changes: {arg}")
            else:
                self.resources.append(arg)
        if not self.resources:
            raise KubectlError("one or more resources must be specified as <resource> <name>")
        if not specs:
            raise KubectlError("at least one taint update is required")
        try:
            self.added, self.removed = parse_taints(specs)
        except KubectlError as error:
            raise self.usage_error(str(error)) from None

    def validate(self) -> None:
        kind = self.resources[0].lower()
        row = self.factory.resources.resolve(kind)
        if row is None:
            raise NoResourceType(f"the server doesn't have a resource type {quote(kind)}")
        if row.kind != "Node":
            raise KubectlError(f"invalid resource type {kind}, only node types are supported")
        conflicts = [
            f"{removed['key']}={removed.get('effect', '')}"
            for added in self.added
            for removed in self.removed
            if added["key"] == removed["key"] and removed.get("effect", added["effect"]) == added["effect"]
        ]
        if conflicts:
            raise KubectlError(
                f"can not both modify and remove the following taint(s) in the same command: {', '.join(conflicts)}"
            )
        if self.flags["all"] and self.flags["selector"]:
            raise KubectlError("setting 'all' parameter with a non empty selector is prohibited")
        if not self.flags["all"] and not self.flags["selector"] and len(self.resources) < 2:
            raise KubectlError("at least one resource name must be specified since 'all' parameter is not set")

    def run(self) -> None:
        flags = self.flags
        typed_printer(flags, self.factory.streams.out, "")  # refuses an unknown format before anything is written
        builder = self.factory.builder().selector(flags["selector"]).select_all(flags["all"])
        by_name = not flags["all"] and not flags["selector"]
        builder.types_or_names(["nodes", *self.resources[1:]] if by_name else ["nodes"], allow_empty_selector=False)
        builder.latest().visit(self._taint)

    def _taint(self, info: Info) -> None:
        old = info.obj["spec"].get("taints") or []
        if not self.flags["overwrite"]:
            there = {(taint["key"], taint["effect"]) for taint in old}
            exists = ",".join(taint["key"] for taint in self.added if (taint["key"], taint["effect"]) in there)
            if exists:
                raise KubectlError(
                    f"node {info.name} already has {exists} taint(s) with same effect(s) and --overwrite is false"
                )
        taints, operation = self._reorganized(old)

        def change(node: Obj) -> None:
            if taints:
                node["spec"]["taints"] = taints
            else:
                node["spec"].pop("taints", None)

        modified = twoway.altered(info.obj, change)
        if self.dry_run != strategy.CLIENT:
            patch, patch_type = twoway.difference(info, modified)
            options = strategy.request_options(self.dry_run, self.flags["field-manager"])
            modified = twoway.send(self.factory.client, info, patch, patch_type, **options)
        typed_printer(self.flags, self.factory.streams.out, operation)(modified)  # kubectl mentions no dry run here

    def _reorganized(self, old: Sequence[Obj]) -> tuple[list[Obj], str]:
        """The taints afterwards, new ones first, and what is said to have been done."""
        new = [dict(taint) for taint in self.added]
        given = {(taint["key"], taint["effect"]) for taint in new}
        new += [taint for taint in old if (taint["key"], taint["effect"]) not in given]
        added = len(new) != len(old)
        deleted = False
        errors: list[Exception] = []
        for removed in self.removed:
            left = [
                taint
                for taint in new
                if taint["key"] != removed["key"] or removed.get("effect", taint["effect"]) != taint["effect"]
            ]
            deleted = len(left) != len(new)
            new = left
            if not deleted:
                text = ":".join(filter(None, (removed["key"], removed.get("effect"))))
                errors.append(KubectlError(f"taint {quote(text)} not found"))
        raise_all(errors)
        if (added and deleted) or self.flags["overwrite"]:
            return new, "modified"
        return new, "tainted" if added else "untainted"


def parse_taints(specs: Sequence[str]) -> tuple[list[Obj], list[Obj]]:
    """Taints to set and taints to remove, from KEY=VALUE:EFFECT, KEY:EFFECT- and KEY-."""
    added: list[Obj] = []
    removed: list[Obj] = []
    for spec in specs:
        if spec.endswith("-"):
            taint = parse_taint(spec[:-1])
            taint.pop("value", None)
            removed.append(taint)
            continue
        taint = parse_taint(spec)
        if "effect" not in taint:
            raise KubectlError(f"invalid taint spec: {spec}")
        if any((other["key"], other["effect"]) == (taint["key"], taint["effect"]) for other in added):
            shown = f"{{{taint['key']} {taint.get('value', '')} {taint['effect']} <nil>}}"
            raise KubectlError(f"duplicated taints with the same key and effect: {shown}")
        added.append(taint)
    return added, removed


def parse_taint(text: str) -> Obj:
    """One taint; KEY alone has no effect."""
    key, *rest = text.split(":")
    taint: Obj = {}
    if len(rest) > 1:
        raise KubectlError(f"invalid taint spec: {text}")
    if rest:
        (effect,) = rest
        if effect not in _EFFECTS:
            raise KubectlError(f"invalid taint effect: {effect}, unsupported taint effect")
        key, *values = key.split("=")
        if len(values) > 1:
            raise KubectlError(f"invalid taint spec: {text}")
        if values:
            problems = label_value_errors(values[0])
            if problems:
                raise KubectlError(f"invalid taint spec: {text}, {'; '.join(problems)}")
            if values[0]:
                taint["value"] = values[0]
        taint["effect"] = effect
    problems = label_key_errors(key)
    if problems:
        raise KubectlError(f"invalid taint spec: {text}, {'; '.join(problems)}")
    return {"key": key, **taint}


COMMAND = Command(
    "taint NODE NAME KEY_1=VAL_1:TAINT_EFFECT_1 ... KEY_N=VAL_N:TAINT_EFFECT_N",
    TaintOptions,
    FLAGS,
    long="""
Update the taints on one or more nodes.

  *  A taint consists of a key, value, and effect. As an argument here, it is expressed as key=value:effect.
  *  The key must begin with a letter or number, and may contain letters, numbers, hyphens, dots, and underscores, up to
253 characters.
  *  The key may have a DNS prefix and a '/' in front, as in example.com/my-app.
  *  The value is optional. It follows the same rules, up to 63 characters.
  *  The effect must be NoSchedule, PreferNoSchedule or NoExecute.
  *  Only nodes have taints.
""",
    example="""
        # Give node 'foo' the taint 'dedicated' with value 'special-user' and effect 'NoSchedule'
        kubectl taint nodes foo dedicated=special-user:NoSchedule

        # Remove the taint 'dedicated' with effect 'NoSchedule' from node 'foo'
        kubectl taint nodes foo dedicated:NoSchedule-

        # Remove all taints 'dedicated' from node 'foo'
        kubectl taint nodes foo dedicated-

        # Taint the nodes with a label
        kubectl taint node -l myLabel=X  dedicated=foo:PreferNoSchedule

        # A taint without a value
        kubectl taint nodes foo bar:NoSchedule
        """,
)
