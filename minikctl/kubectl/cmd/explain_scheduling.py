"""minikctl explain-scheduling: for every node, which plugin refuses a pod and why, or how it scores."""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.request import Obj
from minikctl.kubectl.builder import Builder
from minikctl.kubectl.command import Command, Options
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flags import STRING, Flag
from minikctl.kubectl.flagsets import NO_HEADERS, filename_flags

_CRON_JOB_PATH = ("spec", "jobTemplate", "spec", "template")
_FORMATS = ("json", "kyaml", "wide", "yaml")
FLAGS = (
    *filename_flags("of pods, or of workloads with a pod template, that need not exist."),
    NO_HEADERS,
    Flag("output", "o", STRING, "", f"Output format. One of: ({', '.join(_FORMATS)})."),
)


class ExplainSchedulingOptions(Options):
    """Which pods to look at."""

    def complete(self, args: list[str]) -> None:
        self.names = args

    def validate(self) -> None:
        given = bool(self.flags["filename"] or self.flags["kustomize"])
        if bool(self.names) == given:
            raise self.usage_error("either pod names or -f are required")
        if self.flags["output"] not in ("", *_FORMATS):
            from minikctl.kubectl.printing import no_printer

            raise no_printer(self.flags["output"], _FORMATS)

    def run(self) -> None:
        found = [self.factory.cluster.explain_scheduling(pod) for pod in self._pods()]
        output = self.flags["output"]
        if output in ("", "wide"):
            from minikctl.printers import schedulingexplanation

            texts = [schedulingexplanation.text(item, output == "wide", not self.flags["no-headers"]) for item in found]
            self.factory.streams.out.write("\n".join(texts))
            return
        from minikctl.kubectl.printing import dumper

        items = {"apiVersion": "v1", "kind": "List", "items": found}
        self.factory.streams.out.write(dumper(output)(found[0] if len(found) == 1 else items))

    def _pods(self) -> list[Obj]:
        builder = Builder(self.factory).namespace(self.factory.namespace)
        if not self.names:
            return [self._admitted(info.object) for info in builder.files(self.flags).infos() if info.object]
        row = self.factory.resources.resolve("pods")
        assert row is not None
        names = [name.partition("/")[2] if name.startswith(("pod/", "pods/", "po/")) else name for name in self.names]
        return [info.object for info in builder.resource(row, *names).infos() if info.object]

    def _admitted(self, obj: Obj) -> Obj:
        """The pod of a manifest, or of a workload's template, as the apiserver would store it."""
        meta = obj.get("metadata") or {}
        if not isinstance(meta, dict):
            return self.factory.client.create("pods", obj, self.factory.namespace, dryRun=["All"])  # says what is wrong
        namespace = meta.get("namespace") or self.factory.namespace
        name = meta.get("name") or f"{meta.get('generateName') or ''}new"
        if obj["kind"] != "Pod":
            template = _template(obj)
            labels = template.get("metadata")
            meta = {**labels, "namespace": namespace} if isinstance(labels, dict) else {"namespace": namespace}
            obj = {"apiVersion": "v1", "kind": "Pod", "spec": template.get("spec") or {}}
        if self.factory.client.find("pods", name, namespace) is not None:
            name = f"{name}-new"
        pod = {**obj, "metadata": {**meta, "name": name}}
        return self.factory.client.create("pods", pod, namespace, dryRun=["All"])


def _template(obj: Obj) -> Obj:
    """The pod template of a workload."""
    found: Any = obj
    for field in _CRON_JOB_PATH if obj["kind"] == "CronJob" else ("spec", "template"):
        found = found.get(field) if isinstance(found, dict) else None
    if not isinstance(found, dict):
        raise KubectlError(f"a {obj['kind']} has no pods to schedule")
    return found


COMMAND = Command(
    "explain-scheduling (POD... | -f FILENAME)",
    ExplainSchedulingOptions,
    FLAGS,
    long="""
Show what the scheduler makes of a pod: for every node, the plugin that filters it and why, or its score with the part
of each plugin; and which node it would choose now.

A pod that has a node already is looked at as if it were not there. With -f the pods of a manifest (or those a
workload's template would make) are looked at without being created. With -o wide scores are shown as raw value,
normalized value and weighted score.
""",
    example="""
        # Why does the pod web not get a node?
        minikctl explain-scheduling web

        # Where would the pods of a Deployment go, with all scores?
        minikctl explain-scheduling -f deployment.yaml -o wide

        # The same for programs
        minikctl explain-scheduling web -o json
        """,
)
