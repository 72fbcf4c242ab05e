"""kubectl create deployment, job and cronjob.

Upstream counterpart: the files of those names in kubectl's `pkg/cmd/create`.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.request import Obj
from minikctl.kubectl.cmd.generator import GeneratorOptions
from minikctl.kubectl.command import Command
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flags import INT32, STRING, STRING_SLICE, Flag
from minikctl.kubectl.flagsets import CREATE


class DeploymentOptions(GeneratorOptions):
    """A Deployment with a container per image."""

    failure = "failed to create deployment: "

    def validate(self) -> None:
        if len(self.flags["image"]) > 1 and self.command:
            raise KubectlError("cannot specify multiple --image options and command")

    def build(self) -> Obj:
        labels = {"app": self.name}
        containers = [self._container(image) for image in self.flags["image"]]
        if self.flags["port"] >= 0 and containers:
            first = containers[0]
            resources = first.pop("resources")
            first.update({"ports": [{"containerPort": self.flags["port"]}], "resources": resources})
        return {
            "kind": "Deployment",
            "apiVersion": "apps/v1",
            "metadata": {"name": self.name, "labels": labels},
            "spec": {
                "replicas": self.flags["replicas"],
                "selector": {"matchLabels": dict(labels)},
                "template": {"metadata": {"labels": dict(labels)}, "spec": {"containers": containers}},
                "strategy": {},
            },
            "status": {},
        }

    def _container(self, image: str) -> Obj:
        return container(self._container_name(image), image, self.command)

    def _container_name(self, image: str) -> str:
        """The image's last path segment without tag or digest, made a valid name."""
        name = image.rpartition("/")[2].partition(":")[0].partition("@")[0]
        if "_" in name or "." in name:
            from minikctl.apimachinery.rand import Rand

            name = (
                name.replace("_", "-").replace(".", "-")
                + "-"
                + Rand(self.factory.environ.get("MINIKCTL_SEED")).suffix()
            )
        return name


def container(name: str, image: str, command: list[str]) -> Obj:
    """A container as the generators make it."""
    made: Obj = {"name": name, "image": image}
    if command:
        made["command"] = command
    made["resources"] = {}
    return made


class JobOptions(GeneratorOptions):
    """A Job from an image, or from a CronJob's template."""

    failure = "failed to create job: "

    def validate(self) -> None:
        flags = self.flags
        if bool(flags["image"]) == bool(flags["from"]):
            raise KubectlError("either --image or --from must be specified")
        if self.command and flags["from"]:
            raise KubectlError("cannot specify --from and command")

    def build(self) -> Obj:
        head: dict[str, Any] = {"kind": "Job", "apiVersion": "batch/v1"}
        if not self.flags["from"]:
            spec = _pod_spec(container(self.name, self.flags["image"], self.command), "Never")
            return {**head, "metadata": {"name": self.name}, "spec": spec, "status": {}}
        infos = self.factory.builder().types_or_names([self.flags["from"]], allow_empty_selector=False).infos()
        if len(infos) != 1:
            raise KubectlError("from must be an existing cronjob")
        info = infos[0]
        if info.row.key != "cronjobs.batch":
            raise KubectlError(f"unknown object type *{info.row.version}.{info.row.kind}")
        return self._from_cron_job(info.obj)

    def _from_cron_job(self, cron_job: Obj) -> Obj:
        template = cron_job["spec"]["jobTemplate"]
        metadata = template.get("metadata") or {}
        annotations = {"cronjob.kubernetes.io/instantiate": "manual", **(metadata.get("annotations") or {})}
        made: Obj = {"name": self.name}
        if metadata.get("labels"):
            made["labels"] = metadata["labels"]
        made["annotations"] = annotations
        owner = {"apiVersion": "batch/v1", "kind": "CronJob", "name": cron_job["metadata"]["name"]}
        made["ownerReferences"] = [{**owner, "uid": cron_job["metadata"]["uid"], "controller": True}]
        return {"kind": "Job", "apiVersion": "batch/v1", "metadata": made, "spec": template["spec"], "status": {}}


def _pod_spec(one: Obj, restart: str) -> Obj:
    return {"template": {"metadata": {}, "spec": {"containers": [one], "restartPolicy": restart}}}


class CronJobOptions(GeneratorOptions):
    """A CronJob of one container."""

    failure = "failed to create cronjob: "

    def validate(self) -> None:
        if not self.flags["image"]:
            raise KubectlError("--image must be specified")
        if not self.flags["schedule"]:
            raise KubectlError("--schedule must be specified")

    def build(self) -> Obj:
        restart = self.flags["restart"] or "OnFailure"
        template = _pod_spec(container(self.name, self.flags["image"], self.command), restart)
        spec = {"schedule": self.flags["schedule"], "jobTemplate": {"metadata": {"name": self.name}, "spec": template}}
        return {
            "kind": "CronJob",
            "apiVersion": "batch/v1",
            "metadata": {"name": self.name},
            "spec": spec,
            "status": {},
        }


_IMAGE = Flag("image", "", STRING, "", "Image name to run.")

DEPLOYMENT = Command(
    "create deployment NAME --image=image -- [COMMAND] [args...]",
    DeploymentOptions,
    (
        *CREATE,
        Flag("image", "", STRING_SLICE, [], "Image names to run. A deployment may run several containers."),
        Flag("port", "", INT32, -1, "The container port that this deployment exposes."),
        Flag("replicas", "r", INT32, 1, "Number of pods to run."),
    ),
    long="Create a deployment with the given name.",
    example="""
        # Create a deployment named my-dep that runs the busybox image
        kubectl create deployment my-dep --image=busybox

        # Create a deployment with a command
        kubectl create deployment my-dep --image=busybox -- date

        # Create a deployment of three pods that exposes port 5701
        kubectl create deployment my-dep --image=busybox --replicas=3 --port=5701
        """,
    required=("image",),
)
JOB = Command(
    "create job NAME --image=image [--from=cronjob/name] -- [COMMAND] [args...]",
    JobOptions,
    (
        *CREATE,
        Flag("from", "", STRING, "", "The name of the resource to create a Job from (only cronjob is supported)."),
        _IMAGE,
    ),
    long="Create a job with the given name.",
    example="""
        # Create a job
        kubectl create job my-job --image=busybox

        # Create a job with a command
        kubectl create job my-job --image=busybox -- date

        # Create a job from a cron job named a-cronjob
        kubectl create job test-job --from=cronjob/a-cronjob
        """,
)
CRONJOB = Command(
    "create cronjob NAME --image=image --schedule='0/5 * * * ?' -- [COMMAND] [args...] [flags]",
    CronJobOptions,
    (
        *CREATE,
        _IMAGE,
        Flag("restart", "", STRING, "", "The pods' restart policy: OnFailure or Never."),
        Flag("schedule", "", STRING, "", "A schedule in the Cron format the job should be run with."),
    ),
    long="Create a cron job with the given name.",
    example="""
        # Create a cron job
        kubectl create cronjob my-job --image=busybox --schedule="*/1 * * * *"

        # Create a cron job with a command
        kubectl create cronjob my-job --image=busybox --schedule="*/1 * * * *" -- date
        """,
    required=("image", "schedule"),
)
