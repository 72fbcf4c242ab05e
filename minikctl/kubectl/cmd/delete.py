"""kubectl delete: deletes objects and waits until they are gone.

Its `Deletion` also serves replace --force, apply --force and run --rm. Upstream counterpart:
kubectl's `pkg/cmd/delete`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery.errors import StatusError
from minikctl.kubectl import strategy
from minikctl.kubectl.command import Command, Options
from minikctl.kubectl.errors import Aggregate, Exit, KubectlError, add_source, collecting, raise_all, without_not_found
from minikctl.kubectl.flags import BOOL, DURATION, STRING, Flag, Values
from minikctl.kubectl.flagsets import (
    ALL_NAMESPACES,
    CASCADE,
    DRY_RUN,
    FIELD_SELECTOR,
    FORCE_DELETE,
    GRACE_PERIOD,
    SELECTOR,
    all_flag,
    filename_flags,
)
from minikctl.kubectl.info import Info

if TYPE_CHECKING:
    from minikctl.kubectl.builder import Builder
    from minikctl.kubectl.factory import Factory

FOREVER = 168 * 3600.0
IMMEDIATE = (
    "Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. "
    "The resource may continue to run on the cluster indefinitely."
)

_POLICIES = {"background": "Background", "orphan": "Orphan", "foreground": "Foreground"}

FLAGS = (
    *filename_flags("containing the resource to delete."),
    all_flag("Delete all resources, in the namespace of the specified resource types."),
    ALL_NAMESPACES,
    CASCADE,
    DRY_RUN,
    FIELD_SELECTOR,
    FORCE_DELETE,
    GRACE_PERIOD,
    SELECTOR,
    Flag("ignore-not-found", "", BOOL, False, 'Treat "not found" as a successful delete. Default with --all.'),
    Flag("interactive", "i", BOOL, False, "If true, ask before deleting."),
    Flag("now", "", BOOL, False, "If true, let resources end at once (same as --grace-period=1)."),
    Flag("output", "o", STRING, "", 'Output mode. Use "-o name" for shorter output (resource/name).'),
    Flag("raw", "", STRING, "", "URI to send DELETE to."),
    Flag("timeout", "", DURATION, 0.0, "Time to wait before giving up on a delete; zero: a week.", shown="0s"),
    Flag("wait", "", BOOL, True, "If true, wait for objects to be gone before returning. This waits for finalizers."),
)  # fmt: skip


def cascade_policy(factory: Factory, flags: Values) -> str:
    """The propagationPolicy that --cascade names."""
    text = flags["cascade"]
    if text in ("true", "false"):
        replacement = "background" if text == "true" else "orphan"
        factory.err(
            f"warning: --cascade={text} is deprecated (boolean value) and can be replaced with --cascade={replacement}."
        )
        text = replacement
    policy = _POLICIES.get(text)
    if policy is None:
        raise KubectlError(f'invalid cascade value ({text}). Must be "background", "foreground", or "orphan"')
    return policy


class Deletion:
    """Deletes objects one by one, prints each, then waits for all of them."""

    def __init__(self, factory: Factory, policy: str = "Background", grace_period: int = -1) -> None:
        self.factory = factory
        self.policy = policy
        self.grace_period = grace_period
        self.dry_run = strategy.NONE
        self.output = ""
        self.quiet = False
        self.deleted: list[tuple[Info, str]] = []

    def delete(self, info: Info) -> None:
        """Delete one object and say so."""
        if self.dry_run != strategy.CLIENT:
            options: dict[str, Any] = {"propagationPolicy": self.policy}
            if self.grace_period >= 0:
                options["gracePeriodSeconds"] = self.grace_period
            if self.dry_run == strategy.SERVER:
                options["dryRun"] = ["All"]
            if not info.name:
                raise add_source("deleting", info.source, KubectlError("resource name may not be empty"))
            try:
                info.require_version("delete")
                answer = self.factory.client.delete(info.row, info.name, info.namespace, **options)
            except StatusError as error:
                raise add_source("deleting", info.source, error) from None
            uid = (answer.get("details") or {}).get("uid") or (answer.get("metadata") or {}).get("uid") or ""
            self.deleted.append((info, uid))
        if not self.quiet:
            self._print(info)

    def _print(self, info: Info) -> None:
        kind = info.row.group_kind
        kind, dot, group = kind.partition(".")
        name = f"{kind.lower()}{dot}{group}"
        if self.output == "name":
            self.factory.out(f"{name}/{info.name}")
            return
        operation = "force deleted" if self.grace_period == 0 else "deleted"
        if info.namespaced:
            operation += f" from {info.namespace} namespace"
        if self.dry_run != strategy.NONE:
            operation += " (dry run)" if self.dry_run == strategy.CLIENT else " (server dry run)"
        self.factory.out(f'{name} "{info.name}" {operation}')

    def wait(self, timeout: float = 0.0) -> None:
        """Wait until everything deleted is gone; being forbidden to look is no failure."""
        if not self.deleted or self.dry_run != strategy.NONE:
            return
        from minikctl.kubectl.waiting import wait_deleted

        try:
            wait_deleted(self.factory, self.deleted, timeout or FOREVER)
        except StatusError as error:
            if error.reason not in ("Forbidden", "MethodNotAllowed"):
                raise


class DeleteOptions(Options):
    """What to delete and how."""

    def complete(self, args: list[str]) -> None:
        flags = self.flags
        self.args = args
        self.policy = cascade_policy(self.factory, flags)
        self.dry_run = strategy.dry_run(self.factory, flags)
        self.grace_period: int = flags["grace-period"]
        self.ignore_not_found: bool = flags["ignore-not-found"]
        self.select_all: bool = flags["all"]
        selecting = self.select_all or flags["selector"] or flags["field-selector"]
        if selecting and not flags.changed("ignore-not-found"):
            self.ignore_not_found = True
        if flags["now"]:
            if self.grace_period != -1:
                raise KubectlError("--now and --grace-period cannot be specified together")
            self.grace_period = 1
        self.wait: bool = flags["wait"]
        if self.grace_period == 0 and not flags["force"]:
            # Without --force, a zero grace period means the shortest graceful one.
            self.grace_period = 1
        if flags["force"] and self.grace_period < 0:
            self.grace_period = 0

        if not flags["raw"]:
            self.builder().check()

    def validate(self) -> None:
        flags = self.flags
        if flags["output"] not in ("", "name"):
            raise KubectlError(f"unexpected -o output mode: {flags['output']}. We only support '-o name'")
        if self.select_all and flags["selector"]:
            raise KubectlError("cannot set --all and --selector at the same time")
        if self.select_all and flags["field-selector"]:
            raise KubectlError("cannot set --all and --field-selector at the same time")
        if flags["force"] and self.grace_period == 0:
            self.factory.err(IMMEDIATE)
        elif flags["force"] and self.grace_period > 0:
            raise KubectlError("--force and --grace-period greater than 0 cannot be specified together")
        if flags["raw"]:
            if flags["interactive"]:
                raise KubectlError("--interactive can not be used with --raw")
            from minikctl.kubectl.rawrequest import check_raw

            check_raw(flags, ("recursive", "output"))

    def builder(self) -> Builder:
        """What the arguments and flags name; nothing is read that is given by name."""
        flags = self.flags
        builder = self.factory.builder().files(flags).selector(flags["selector"])
        builder.field_selector(flags["field-selector"]).select_all(self.select_all)
        builder.all_namespaces(flags["all-namespaces"]).types_or_names(self.args, allow_empty_selector=False)
        return builder.names_only()

    def run(self) -> None:
        if self.flags["raw"]:
            from minikctl.kubectl.files import read_named
            from minikctl.kubectl.rawrequest import request

            files = self.flags["filename"]
            request(self.factory, "delete", self.flags["raw"], read_named(self.factory, files[0]) if files else None)
            return
        deletion = Deletion(self.factory, self.policy, self.grace_period)
        deletion.dry_run = self.dry_run
        deletion.output = self.flags["output"]
        warn_cluster_scope = self.factory.enforce_namespace and not self.flags["all-namespaces"]

        def delete(info: Info) -> None:
            nonlocal warn_cluster_scope
            if warn_cluster_scope and not info.namespaced:
                self.factory.err("Warning: deleting cluster-scoped resources, not scoped to the provided namespace")
                warn_cluster_scope = False
            deletion.delete(info)

        found = self._visit_confirmed(delete) if self.flags["interactive"] else self._visit(delete)
        if found == 0:
            self.factory.out("No resources found")
        elif self.wait:
            deletion.wait(self.flags["timeout"])

    def _visit(self, work: Callable[[Info], None]) -> int:
        """Visit what is named; with --ignore-not-found what is missing is no error."""
        count = 0

        def visit(info: Info) -> None:
            nonlocal count
            count += 1
            work(info)

        try:
            self.builder().visit(visit)
        except (Aggregate, StatusError) as error:
            raise_all(without_not_found([error]) if self.ignore_not_found else [error])
        return count

    def _visit_confirmed(self, work: Callable[[Info], None]) -> int:
        """Show what would be deleted, ask, and delete that."""
        infos: list[Info] = []
        if not self._visit(infos.append):
            return 0
        self.factory.out(f"You are about to delete the following {len(infos)} resource(s):")
        for info in infos:
            kind, dot, group = info.row.group_kind.partition(".")
            self.factory.out(f"{kind.lower()}{dot}{group}/{info.name}")
        self.factory.streams.out.write("Do you want to continue? (y/N): ")
        self.factory.streams.out.flush()
        if self.factory.streams.stdin.readline().strip() not in ("y", "Y"):
            self.factory.out("deletion is cancelled")
            raise Exit(0)
        collecting(work, infos)
        return len(infos)


COMMAND = Command(
    "delete ([-f FILENAME] | [-k DIRECTORY] | TYPE [(NAME | -l label | --all)])",
    DeleteOptions,
    FLAGS,
    long="""
Delete resources by file names, standard input, resources and names, or by resources and label selector.

 Only one kind of argument may be given: file names, resources and names, or resources and a label selector.

 Some resources, such as pods, end gracefully: they get a grace period, which --grace-period overrides; --now sets it
 to one second. --force with --grace-period=0 removes the object at once, without waiting for its node.

 delete does not check resource versions: an update sent at the same moment may be lost with the object.
""",
    example="""
        # Delete the objects that a file describes
        kubectl delete -f ./pod.json

        # Delete what is described on standard input
        cat pod.json | kubectl delete -f -

        # Delete pods and services of these names
        kubectl delete pod,service baz foo

        # Delete pods and services with a label
        kubectl delete pods,services -l name=myLabel

        # Delete a pod with little delay
        kubectl delete pod foo --now

        # Remove a pod whose node is gone
        kubectl delete pod foo --force

        # Delete all pods
        kubectl delete pods --all
        """,
)
