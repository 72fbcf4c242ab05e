"""kubectl wait: until conditions are met, objects are gone, or a JSONPath has a value.

Waiting jumps the cluster's clock to its next due work. Upstream counterpart: kubectl's `pkg/cmd/wait`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import Obj
from minikctl.kubectl.builder import Builder
from minikctl.kubectl.command import Command, Options
from minikctl.kubectl.errors import Aggregate, KubectlError, raise_all, without_not_found
from minikctl.kubectl.flags import BOOL, DURATION, STRING_ARRAY, Flag, quote
from minikctl.kubectl.flagsets import (
    ALL_NAMESPACES,
    FIELD_SELECTOR,
    IDENTIFY,
    PRINT,
    SELECTOR,
    all_flag,
    filename,
)
from minikctl.kubectl.info import Info
from minikctl.kubectl.printing import printer
from minikctl.kubectl.waiting import Deadline, is_gone, timed_out

_WEEK = 168 * 3600.0

FLAGS = (
    *PRINT,
    filename(IDENTIFY),
    Flag("recursive", "R", BOOL, True, "Read the directory given with -f, --filename and all directories below it."),
    ALL_NAMESPACES,
    FIELD_SELECTOR,
    SELECTOR,
    all_flag("Select all resources in the namespace of the specified resource types"),
    Flag(
        "for", "", STRING_ARRAY, [],
        "What to wait for: create, delete, condition=NAME[=VALUE] (default value True), or "
        "jsonpath='{PATH}'[=VALUE]. May be repeated. Values compare without regard to case.",
    ),
    Flag("local", "", BOOL, False, "If true, wait will NOT contact api-server but run locally."),
    Flag("timeout", "", DURATION, 30.0, "Time to wait. Zero checks once, negative waits for a week.", shown="30s"),
)  # fmt: skip

Check = Callable[[Obj], bool]


class WaitOptions(Options):
    """What to wait for."""

    def complete(self, args: list[str]) -> None:
        self.args = args
        wanted = self.flags["for"]
        if not wanted:
            raise KubectlError("unrecognized condition: []")
        self.for_create = any(text.lower() == "create" for text in wanted)
        self.for_delete = any(text.lower() == "delete" for text in wanted)
        self.checks = [condition(text) for text in wanted if text.lower() not in ("create", "delete")]
        timeout = self.flags["timeout"]
        self.timeout = _WEEK if timeout < 0 else timeout

    def run(self) -> None:
        self.show = printer(self.flags, self.factory.streams.out, "condition met")
        self.deadline = Deadline(self.factory, self.timeout)
        if self.for_create:
            self._wait_created()
        count = 0

        def visit(info: Info) -> None:
            nonlocal count
            count += 1
            self._wait(info)

        try:
            self._builder().visit(visit)
        except (Aggregate, StatusError) as error:
            raise_all(without_not_found([error]) if self.for_delete else [error])
        if count == 0 and not self.for_delete:
            raise KubectlError("no matching resources found")

    def _builder(self) -> Builder:
        flags = self.flags
        builder = self.factory.builder().local(flags["local"]).files(flags).selector(flags["selector"])
        builder.field_selector(flags["field-selector"]).all_namespaces(flags["all-namespaces"])
        builder.types_or_names(self.args, allow_empty_selector=flags["all"])
        return builder if flags["local"] else builder.latest()

    def _wait_created(self) -> None:
        """Wait until everything named can be found."""

        def found() -> bool:
            infos, errors = self._builder().gather()
            raise_all(without_not_found(errors))
            return bool(infos) and not errors

        if self.timeout == 0:
            if not found():
                raise KubectlError("condition not met")
        elif not self.deadline.until(found):
            raise KubectlError("timed out waiting for the condition")

    def _wait(self, info: Info) -> None:
        if not info.name:
            raise KubectlError("resource name must be provided")
        if self.for_delete:
            self._wait_deleted(info)
            self.show(info.obj)
        for check in self.checks:
            self._wait_condition(info, check)
            self.show(info.obj)
        if self.for_create:
            self.show(info.obj)

    def _wait_deleted(self, info: Info) -> None:
        uid = info.obj["metadata"].get("uid", "")
        if is_gone(self.factory, info, uid):
            return
        if self.timeout == 0:
            raise KubectlError(f"condition not met for {info.object_name()}")
        if not self.deadline.until(lambda: is_gone(self.factory, info, uid)):
            raise timed_out(info)

    def _wait_condition(self, info: Info, check: Check) -> None:
        def met() -> bool:
            return check(info.get(self.factory.client))

        if self.flags["local"]:
            if not check(info.obj):
                raise KubectlError(f"condition not met for {info.object_name()}")
        elif self.timeout == 0:
            if not met():
                raise KubectlError(f"condition not met for {info.object_name()}")
        elif not self.deadline.until(met):
            raise timed_out(info)


def condition(text: str) -> Check:
    """The check a --for names (create and delete are not conditions of an object)."""
    if text.startswith("condition="):
        name, equals, value = text[len("condition=") :].partition("=")
        return _status_condition(name.lower(), (value if equals else "true").lower())
    if text.startswith("jsonpath="):
        return _jsonpath_condition(text[len("jsonpath=") :])
    raise KubectlError(f"unrecognized condition: {quote(text)}")


def _status_condition(name: str, value: str) -> Check:
    def check(obj: Obj) -> bool:
        status = obj.get("status") or {}
        for each in status.get("conditions") or ():
            if str(each.get("type", "")).lower() != name:
                continue
            generation = obj["metadata"].get("generation")
            if generation is not None:
                observed = each.get("observedGeneration", status.get("observedGeneration"))
                if observed is not None and observed < generation:
                    return False
            return str(each.get("status", "")).lower() == value
        return False

    return check


def _split(text: str) -> list[str]:
    """Split at single `=`; a double one belongs to the expression."""
    parts, part, index = [], "", 0
    while index < len(text):
        if text[index] == "=":
            if text[index + 1 : index + 2] == "=":
                part += "=="
                index += 2
                continue
            parts.append(part)
            part = ""
        else:
            part += text[index]
        index += 1
    return [*parts, part]


def _jsonpath_condition(text: str) -> Check:
    from minikctl.printers.jsonpath import JSONPath, JSONPathError, relaxed

    parts = _split(text)
    if len(parts) > 2:
        raise KubectlError(
            "jsonpath wait format must be --for=jsonpath='{.status.readyReplicas}'=3 or "
            "--for=jsonpath='{.status.readyReplicas}'"
        )
    try:
        path_text = relaxed(parts[0])
        if not path_text:
            raise KubectlError("jsonpath expression cannot be empty")
        path = JSONPath(path_text, allow_missing_keys=True)
    except JSONPathError as error:
        raise KubectlError(str(error)) from None
    wanted = parts[1].strip("'\"") if len(parts) == 2 else None
    if wanted == "":
        raise KubectlError(
            "jsonpath wait has to have a value after equal sign, like --for=jsonpath='{.status.readyReplicas}'=3"
        )

    def check(obj: Obj) -> bool:
        try:
            found = path.find(obj)
        except JSONPathError as error:
            raise KubectlError(str(error)) from None
        if not found or not found[0]:
            return False
        if len(found) > 1 or len(found[0]) > 1:
            raise KubectlError("given jsonpath expression matches more than one value")
        value = found[0][0]
        if wanted is None:
            return True
        if isinstance(value, dict | list):
            raise KubectlError("jsonpath leads to a nested object or list which is not supported")
        return _text(value) == wanted.strip()

    return check


def _text(value: Any) -> str:
    from minikctl.printers.jsonpath import value_text

    return value_text(value).strip()


COMMAND = Command(
    "wait ([-f FILENAME] | resource.group/resource.name | resource.group [(-l label | --all)]) "
    "[--for=create|--for=delete|--for condition=available|--for=jsonpath='{}'[=value]]",
    WaitOptions,
    FLAGS,
    long="""
Wait for a condition on one or many resources.

 The condition is one of the resource's status, a value at a JSONPath, or that the resource comes or goes. When the
 condition is met, the resource's name is printed; -o chooses another output.

 Cluster time jumps to the next due work while waiting.
""",
    example="""
        # Wait until the pod busybox1 has the condition Ready
        kubectl wait --for=condition=Ready pod/busybox1

        # Wait until it is not ready any more
        kubectl wait --for=condition=Ready=false pod/busybox1

        # Wait until it runs
        kubectl wait --for=jsonpath='{.status.phase}'=Running pod/busybox1

        # Wait until a service has an address
        kubectl wait --for=jsonpath='{.status.loadBalancer.ingress}' service/loadbalancer

        # Wait until a secret exists, at most 30 seconds
        kubectl wait --for=create secret/my-secret --timeout=30s

        # Delete a pod, then wait until it is gone, at most a minute
        kubectl delete pod/busybox1 --wait=false && kubectl wait --for=delete pod/busybox1 --timeout=60s
        """,
)
