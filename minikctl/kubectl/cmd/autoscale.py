"""kubectl autoscale: creates a HorizontalPodAutoscaler for a scalable object.

Upstream counterpart: kubectl's `pkg/cmd/autoscale`.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import quantity
from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.gonumbers import parse_int
from minikctl.apimachinery.request import Obj
from minikctl.kubectl import lastapplied, strategy
from minikctl.kubectl.command import Command, Options
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flags import INT32, STRING, Flag
from minikctl.kubectl.flagsets import DRY_RUN, PRINT, SAVE_CONFIG, field_manager, filename_flags
from minikctl.kubectl.info import Info
from minikctl.kubectl.typedprinting import typed_printer

FLAGS = (
    *PRINT,
    *filename_flags("identifying the resource to autoscale."),
    DRY_RUN,
    SAVE_CONFIG,
    field_manager("kubectl-autoscale"),
    Flag(
        "cpu", "", STRING, "",
        'Target CPU over all pods: a share of what they request ("70%"), or an amount ("500m"; without unit in '
        "milliCPU).",
    ),
    Flag(
        "cpu-percent", "", INT32, -1, "The target average CPU utilization in percent of the requested CPU.",
        deprecated="Use --cpu with percentage or resource quantity format (e.g., '70%' for utilization or '500m' "
        "for milliCPU).",
    ),
    Flag("max", "", INT32, -1, "The upper limit for the number of pods that the autoscaler may set. Required."),
    Flag(
        "memory", "", STRING, "",
        'Target memory over all pods: a share of what they request ("60%"), or an amount ("200Mi"; without unit in '
        "MiB).",
    ),
    Flag("min", "", INT32, -1, "The lower limit for the number of pods. The server's default if negative."),
    Flag("name", "", STRING, "", "The name for the newly created object. By default that of the resource."),
)  # fmt: skip
_UNITS = {"cpu": "m", "memory": "Mi"}


class AutoscaleOptions(Options):
    """What to autoscale, within which limits, to which target."""

    def complete(self, args: list[str]) -> None:
        self.args = args
        self.dry_run = strategy.dry_run(self.factory, self.flags)

    def validate(self) -> None:
        flags = self.flags
        most, least = flags["max"], flags["min"]
        if most < 1:
            raise KubectlError(f"--max=MAXPODS is required and must be at least 1, max: {most}")
        if most < least:
            raise KubectlError(f"--max=MAXPODS must be larger or equal to --min=MINPODS, max: {most}, min: {least}")
        if flags["cpu-percent"] > 0 and flags["cpu"]:
            raise KubectlError("--cpu-percent and --cpu are mutually exclusive")
        for name in ("cpu", "memory"):
            if flags[name]:
                target(flags[name], name)

    def run(self) -> None:
        builder = self.factory.builder().files(self.flags).types_or_names(self.args, allow_empty_selector=False)
        if not builder.visit(self._autoscale):
            raise KubectlError("no objects passed to autoscale")

    def _autoscale(self, info: Info) -> None:
        row = info.row
        if "scale" not in row.subresources:
            resource = f"{row.group}/{row.version}, Resource={row.plural}"
            raise KubectlError(
                f"cannot autoscale a {row.kind}: could not find scale subresource for {resource} in discovery "
                "information"
            )
        try:
            self._create(self.v2(info))
        except StatusError:
            self._check_v1()
            self._create(self.v1(info))

    def _check_v1(self) -> None:
        """Whether the older version of the API can say the same."""
        flags = self.flags
        problem = "failed to create autoscaling/v2 HPA and the configuration is incompatible with autoscaling/v1: "
        try:
            kind = target(flags["cpu"], "cpu")["type"]
        except KubectlError as error:
            raise KubectlError(f"{problem}{error}") from None
        if flags["memory"] or (flags["cpu-percent"] < 0 and kind != "Utilization"):
            raise KubectlError(f"{problem}%!w(<nil>)")

    def _create(self, obj: Obj) -> None:
        out, namespace = self.factory.streams.out, self.factory.namespace
        if self.factory.enforce_namespace:
            obj["metadata"]["namespace"] = namespace
        if self.dry_run == strategy.CLIENT:
            typed_printer(self.flags, out, "created", self.dry_run)(obj)
            return
        obj = lastapplied.updated(obj, self.flags["save-config"])
        row = self.factory.resources.by_kind(obj["apiVersion"], obj["kind"])
        assert row is not None
        options = strategy.request_options(self.dry_run, self.flags["field-manager"])
        obj = self.factory.client.create(row, obj, namespace, **options)
        typed_printer(self.flags, out, "autoscaled", self.dry_run)(obj)

    def v2(self, info: Info) -> Obj:
        """The autoscaling/v2 object."""
        flags = self.flags
        metrics = []
        if flags["cpu-percent"] > 0:
            metrics.append(_metric("cpu", {"type": "Utilization", "averageUtilization": flags["cpu-percent"]}))
        for name in ("cpu", "memory"):
            if flags[name]:
                metrics.append(_metric(name, target(flags[name], name)))
        spec = self._spec(info)
        if metrics:
            spec["metrics"] = metrics
        return self._object(info, "v2", spec, {"desiredReplicas": 0, "currentMetrics": None})

    def v1(self, info: Info) -> Obj:
        """The autoscaling/v1 object."""
        spec = self._spec(info)
        if self.flags["cpu-percent"] >= 0:
            spec["targetCPUUtilizationPercentage"] = self.flags["cpu-percent"]
        return self._object(info, "v1", spec, {"currentReplicas": 0, "desiredReplicas": 0})

    def _spec(self, info: Info) -> Obj:
        row, least = info.row, self.flags["min"]
        spec: Obj = {"scaleTargetRef": {"kind": row.kind, "name": info.name, "apiVersion": row.api_version}}
        if least > 0:
            spec["minReplicas"] = least
        spec["maxReplicas"] = self.flags["max"]
        return spec

    def _object(self, info: Info, version: str, spec: Obj, status: Obj) -> Obj:
        return {
            "kind": "HorizontalPodAutoscaler",
            "apiVersion": f"autoscaling/{version}",
            "metadata": {"name": self.flags["name"] or info.name},
            "spec": spec,
            "status": status,
        }


def _metric(name: str, wanted: Obj) -> Obj:
    return {"type": "Resource", "resource": {"name": name, "target": wanted}}


def target(text: str, resource: str) -> Obj:
    """A metric's target from "70%", "500m" or a bare number."""
    text = text.strip()
    if not text:
        raise KubectlError("empty input")
    if text.endswith("%"):
        digits = text[:-1]
        percent = parse_int(digits, 32)
        if percent is None or percent < 0:
            raise KubectlError(f"invalid percentage value: {digits}")
        return {"type": "Utilization", "averageUtilization": percent}
    amount = f"{number}{_UNITS[resource]}" if (number := _bare_number(text)) is not None else text
    try:
        return {"type": "AverageValue", "averageValue": quantity.canonical(amount)}
    except quantity.QuantityError as error:
        message = str(error) if number is not None else f"invalid resource {resource} value: {text}"
        raise KubectlError(message) from None


def _bare_number(text: str) -> Any:
    """A number without a unit, as Go's %g prints it."""
    try:
        value = float(text)
    except ValueError:
        return None
    return f"{value:.17g}" if value != int(value) else int(value)


COMMAND = Command(
    "autoscale (-f FILENAME | TYPE NAME | TYPE/NAME) [--min=MINPODS] --max=MAXPODS [--cpu=CPU] [--memory=MEMORY]",
    AutoscaleOptions,
    FLAGS,
    long="""
Create an autoscaler that chooses and sets the number of pods as the load demands.

 The autoscaler refers to a deployment, replica set, stateful set, or replication controller. It is created through the
autoscaling/v2 API, or through autoscaling/v1 where that fails.
""",
    example="""
        # Autoscale a deployment "foo" between 2 and 10 pods, by the server's default policy
        kubectl autoscale deployment foo --min=2 --max=10

        # Autoscale a replication controller "foo" up to 5 pods, at 80% of the requested CPU
        kubectl autoscale rc foo --max=5 --cpu=80%

        # Autoscale a deployment "bar", at 500m of CPU and 200Mi of memory
        kubectl autoscale deployment bar --min=3 --max=6 --cpu=500m --memory=200Mi

        # Autoscale a deployment "bar", at 60% of the CPU and 70% of the memory requested
        kubectl autoscale deployment bar --min=3 --max=6 --cpu=60% --memory=70%
        """,
    required=("max",),
)
