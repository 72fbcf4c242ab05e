"""What the set commands share: objects with a pod template, their containers, and how changes are sent.

Upstream counterpart: the helpers of kubectl's `pkg/cmd/set` and `UpdatePodSpecForObject`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import Obj
from minikctl.kubectl import strategy, twoway
from minikctl.kubectl.command import Options
from minikctl.kubectl.errors import KubectlError, raise_all
from minikctl.kubectl.flags import BOOL, STRING, Flag
from minikctl.kubectl.flagsets import DRY_RUN, PRINT, all_flag, field_manager, filename_flags
from minikctl.kubectl.info import Info

if TYPE_CHECKING:
    from minikctl.kubectl.builder import Builder

LOCAL_NEEDS_FILES = (
    "you must specify resources by --filename when --local is set.\n"
    "Example resource specifications include:\n"
    "   '-f rsrc.yaml'\n"
    "   '--filename=rsrc.json'"
)

_TEMPLATES = {
    "Pod": ("spec",),
    "ReplicationController": ("spec", "template", "spec"),
    "Deployment": ("spec", "template", "spec"),
    "DaemonSet": ("spec", "template", "spec"),
    "ReplicaSet": ("spec", "template", "spec"),
    "StatefulSet": ("spec", "template", "spec"),
    "Job": ("spec", "template", "spec"),
    "CronJob": ("spec", "jobTemplate", "spec", "template", "spec"),
}
_GROUPS = frozenset({"v1", "apps/v1", "batch/v1"})

# Fields that a Go struct prints even when they are empty.
_ALWAYS: dict[str, Obj] = {
    "Pod": {"status": {}},
    "ReplicationController": {"status": {"replicas": 0}},
    "Deployment": {"spec": {"strategy": {}}, "status": {}},
    "DaemonSet": {
        "spec": {"updateStrategy": {}},
        "status": {"currentNumberScheduled": 0, "desiredNumberScheduled": 0, "numberMisscheduled": 0, "numberReady": 0},
    },
    "ReplicaSet": {"status": {"replicas": 0}},
    "StatefulSet": {"spec": {"updateStrategy": {}}, "status": {"availableReplicas": 0, "replicas": 0}},
    "Job": {"status": {}},
    "CronJob": {"spec": {"jobTemplate": {"metadata": {}, "spec": {"template": {"metadata": {}}}}}, "status": {}},
}


def flags(verb: str, usage: str = "identifying the resource to get from a server.") -> tuple[Flag, ...]:
    """The flags that all set commands take."""
    return (
        *PRINT,
        *filename_flags(usage),
        all_flag("Select all resources, in the namespace of the specified resource types"),
        DRY_RUN,
        field_manager("kubectl-set"),
        Flag("local", "", BOOL, False, f"If true, set {verb} will NOT contact api-server but run locally."),
    )


CONTAINERS = Flag(
    "containers", "c", STRING, "*",
    "The names of containers in the selected pod templates to change, all containers are selected by default - "
    "may use wildcards",
)  # fmt: skip


class SetOptions(Options):
    """Alters each named object and sends the difference."""

    operation = ""
    failure = ""

    def complete(self, args: list[str]) -> None:
        self.dry_run = strategy.dry_run(self.factory, self.flags)
        self.local: bool = self.flags["local"]
        self.resources = self.take_arguments(args)
        self.infos = self.find_infos()

    def take_arguments(self, args: list[str]) -> list[str]:
        """Take what the command needs of the arguments; the rest names resources."""
        return args

    def find_infos(self) -> list[Info]:
        """The objects to alter."""
        if self.local and self.resources:
            raise KubectlError(LOCAL_NEEDS_FILES)
        return self.builder().infos()

    def builder(self) -> Builder:
        """What the arguments and flags name."""
        flags = self.flags
        builder = self.factory.builder().typed().local(self.local).files(flags)
        if not self.local:
            builder.selector(flags.get("selector", "")).types_or_names(self.resources, flags["all"]).latest()
        return builder

    def refuse_both(self) -> None:
        """Refuse --all with a selector, --local with a server's dry run."""
        if self.flags["all"] and self.flags.get("selector"):
            raise KubectlError("cannot set --all and --selector at the same time")
        self.refuse_local_server()

    def refuse_local_server(self) -> None:
        if self.local and self.dry_run == strategy.SERVER:
            raise KubectlError("cannot specify --local and --dry-run=server - did you mean --dry-run=client?")

    def change(self, info: Info, obj: Obj) -> None:
        """Alter the copy `obj`. Problems that are no reason to stop go to `self.errors`."""
        raise NotImplementedError

    def run(self) -> None:
        from minikctl.kubectl.typedprinting import typed_printer

        self.errors: list[Exception] = []
        self.show = typed_printer(self.flags, self.factory.streams.out, self.operation, self.dry_run)
        for info in self.infos:
            try:
                self._set(info)
            except KubectlError as error:
                self.errors.append(error)
        raise_all(self.errors)

    def _set(self, info: Info) -> None:
        try:
            modified = twoway.altered(info.obj, lambda obj: self.change(info, obj))
        except KubectlError as error:
            raise KubectlError(f"error: {object_name(info)} {error}\n") from None
        patch, patch_type = twoway.difference(info, modified)
        if patch:
            self.send(info, modified, patch, patch_type)
        else:
            self.unchanged(info)

    def unchanged(self, info: Info) -> None:
        """What to do with an object that is as it should be."""

    def send(self, info: Info, modified: Obj, patch: Obj, patch_type: str) -> None:
        """Send the patch, or not (--local, dry run), and print the object."""
        if self.local or self.dry_run == strategy.CLIENT:
            obj = typed(modified)
        else:
            options = strategy.request_options(self.dry_run, self.flags["field-manager"])
            try:
                obj = twoway.send(self.factory.client, info, patch, patch_type, **options)
            except StatusError as error:
                raise KubectlError(f"{self.failure} {error}") from None
        self.show(obj)


def object_name(info: Info) -> str:
    """RESOURCE/NAME; KIND/NAME or KIND.GROUP/NAME and a line break of objects that were never looked up (--local)."""
    if info.resource is not None:
        return info.object_name()
    kind, group = info.obj["kind"].lower(), info.obj["apiVersion"].rpartition("/")[0]
    return f"{kind}.{group}/{info.name}\n" if group else f"{kind}/{info.name}"


def pod_spec(obj: Obj) -> Obj:
    """The pod spec within an object; KubectlError where it has none."""
    path = _TEMPLATES.get(obj["kind"]) if obj["apiVersion"] in _GROUPS else None
    if path is None:
        version = obj["apiVersion"].rpartition("/")[2]
        raise KubectlError(f"the object is not a pod or does not have a pod template: *{version}.{obj['kind']}")
    spec = obj
    for step in path:
        if spec.get(step) is None:
            spec[step] = {}
        spec = spec[step]
    return spec


def select(spec: Obj, pattern: str) -> list[Obj]:
    """Containers, then init containers, whose names match a pattern with wildcards."""
    containers = [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]
    return [container for container in containers if matches(container.get("name", ""), pattern)]


def matches(name: str, pattern: str) -> bool:
    """Whether a name matches a pattern where `*` stands for anything."""
    first, *rest = pattern.split("*")
    if not rest:
        return name == pattern
    if not name.startswith(first):
        return False
    at = len(first)
    for part in rest[:-1]:
        found = name.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return len(name) - at >= len(rest[-1]) and name.endswith(rest[-1])


def typed(obj: Obj) -> Obj:
    """The object as kubectl's Go structs print it: with the empty fields that they always have."""
    kind = obj["kind"]
    if kind == "Service" and obj["apiVersion"] == "v1":
        _fill(obj, {"status": {"loadBalancer": {}}})
        for port in (obj.get("spec") or {}).get("ports") or ():
            port.setdefault("targetPort", 0)
    elif kind in _ALWAYS and obj["apiVersion"] in _GROUPS:
        _fill(obj, _ALWAYS[kind])
        spec = pod_spec(obj)
        if isinstance(obj["spec"].get("template"), dict):
            obj["spec"]["template"].setdefault("metadata", {})
        for container in select(spec, "*"):
            container.setdefault("resources", {})
    return obj


def _fill(obj: Obj, fields: Obj) -> None:
    for key, value in fields.items():
        if isinstance(value, dict):
            if obj.get(key) is None:
                obj[key] = {}
            _fill(obj[key], value)
        else:
            obj.setdefault(key, value)


def require_names(options: SetOptions, kustomize: bool = True) -> Sequence[Exception]:
    """The refusal of a command line that names no objects; not every command lets `kustomize` (-k) name them."""
    if options.resources or options.flags["filename"] or (kustomize and options.flags["kustomize"]):
        return []
    return [KubectlError("one or more resources must be specified as <resource> <name> or <resource>/<name>")]
