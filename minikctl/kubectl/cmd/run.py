"""kubectl run: creates a pod of one container, and may stay with it until it ends.

Upstream counterpart: kubectl's `pkg/cmd/run` and its pod generator.
"""

from __future__ import annotations

from minikctl.apimachinery import images
from minikctl.apimachinery.request import Obj
from minikctl.kubectl import attaching, exposing, lastapplied, overrides, podpicking, strategy
from minikctl.kubectl.cmd.delete import Deletion, cascade_policy
from minikctl.kubectl.cmd.sources import env_name_errors
from minikctl.kubectl.command import Command, Options
from minikctl.kubectl.errors import CommandFailed, KubectlError, raise_all
from minikctl.kubectl.flags import BOOL, DURATION, STRING, STRING_ARRAY, Flag, quote
from minikctl.kubectl.flagsets import (
    CASCADE,
    DELETE_TIMEOUT,
    DELETE_WAIT,
    DRY_RUN,
    FORCE_DELETE,
    GRACE_PERIOD,
    PRINT,
    SAVE_CONFIG,
    field_manager,
    filename_flags,
)
from minikctl.kubectl.info import Info
from minikctl.kubectl.typedprinting import typed_printer

FLAGS = (
    *PRINT,
    *filename_flags("to use to replace the resource."),
    *overrides.FLAGS,
    CASCADE,
    DELETE_TIMEOUT,
    DELETE_WAIT,
    DRY_RUN,
    FORCE_DELETE,
    GRACE_PERIOD,
    SAVE_CONFIG,
    field_manager("kubectl-run"),
    Flag("annotations", "", STRING_ARRAY, [], "Annotations to apply to the pod."),
    Flag("attach", "", BOOL, False, "Wait until the pod runs, then attach to it. Default with -i/--stdin."),
    Flag("command", "", BOOL, False, "Use extra arguments as the container's command, not as its arguments."),
    Flag("detach-keys", "", STRING, "ctrl-p,ctrl-q", "Key sequence for detaching a container."),
    Flag("env", "", STRING_ARRAY, [], "Environment variables to set in the container."),
    Flag("expose", "", BOOL, False, "If true, create a ClusterIP service for the pod. Requires --port."),
    Flag("image", "", STRING, "", "The image for the container to run."),
    Flag("image-pull-policy", "", STRING, "", "The image pull policy for the container. By default the server's."),
    Flag("labels", "l", STRING, "", "Comma separated labels to apply to the pod. Replace the usual one."),
    Flag("leave-stdin-open", "", BOOL, False, "Leave stdin open after the first attach completes."),
    Flag("pod-running-timeout", "", DURATION, 60.0, "Time to wait until the pod is running.", shown="1m0s"),
    Flag("port", "", STRING, "", "The port that this container exposes."),
    Flag("privileged", "", BOOL, False, "If true, run the container in privileged mode."),
    Flag("quiet", "q", BOOL, False, "If true, suppress prompt messages."),
    Flag("restart", "", STRING, "Always", "The restart policy for this Pod: Always, OnFailure, or Never."),
    Flag("rm", "", BOOL, False, "If true, delete the pod after it exits. Only with --attach or -i/--stdin."),
    Flag("stdin", "i", BOOL, False, "Keep stdin open on the container in the pod, even if nothing is attached."),
    Flag("tty", "t", BOOL, False, "Allocate a TTY for the container in the pod."),
)


class RunOptions(Options):
    """The pod to make, and whether to stay with it."""

    def complete(self, args: list[str]) -> None:
        flags = self.flags
        self.args = args
        self.dry_run = strategy.dry_run(self.factory, flags)
        cascade_policy(self.factory, flags)
        self.attach: bool = flags["attach"] or (flags["stdin"] and not flags.changed("attach"))

    def validate(self) -> None:
        flags = self.flags
        if not self.args or flags.dash == 0:
            raise self.usage_error("NAME is required for run")
        if not flags["image"]:
            raise KubectlError("--image is required")
        if images.parse(flags["image"]) is None:
            raise KubectlError(f"Invalid image name {quote(flags['image'])}: invalid reference format")
        if flags["tty"] and not flags["stdin"]:
            raise self.usage_error("-i/--stdin is required for containers with -t/--tty=true")
        if flags["expose"] and not flags["port"]:
            raise self.usage_error("--port must be set when exposing a service")
        if flags["restart"] not in ("", "Always", "OnFailure", "Never"):
            raise self.usage_error(f"invalid restart policy: {flags['restart']}")
        if not self.attach and flags["rm"]:
            raise self.usage_error("--rm should only be used for attached containers")
        podpicking.running_timeout(flags, self.usage_error)
        if self.attach and self.dry_run != strategy.NONE:
            raise self.usage_error(
                "--dry-run=[server|client] can't be used with attached containers options (--attach, --stdin, or --tty)"
            )
        if flags["image-pull-policy"] not in ("", "Always", "IfNotPresent", "Never"):
            raise self.usage_error(f"invalid image pull policy: {flags['image-pull-policy']}")

    @property
    def restart(self) -> str:
        return self.flags["restart"] or ("OnFailure" if self.flags["stdin"] else "Always")

    def run(self) -> None:
        out = self.factory.streams.out
        show = typed_printer(self.flags, out, "created", self.dry_run)
        obj = overrides.apply(self.flags, self.pod())
        created = [self._create(obj)]
        errors: list[Exception] = []
        if self.flags["expose"]:
            try:
                created.append(self._create(self._service()))
                show(created[-1].obj)
                if self.flags["output"] == "yaml":
                    self.factory.out("---")
            except KubectlError as error:
                errors.append(error)
        if not self.attach:
            show(created[0].obj)
            raise_all(errors)
            return
        try:
            self._attach(created[0])
        finally:
            if self.flags["rm"]:
                self._remove(created)

    def _create(self, obj: Obj) -> Info:
        """Send the object, or not (dry run)."""
        row = self.factory.resources.by_kind(obj["apiVersion"], obj["kind"])
        if row is None:
            raise KubectlError(f"no matches for kind {quote(obj['kind'])} in version {quote(obj['apiVersion'])}")
        namespace = self.factory.namespace
        if self.dry_run == strategy.CLIENT:
            if self.factory.enforce_namespace:
                obj["metadata"]["namespace"] = namespace
        else:
            obj = lastapplied.updated(obj, self.flags["save-config"])
            options = strategy.request_options(self.dry_run, self.flags["field-manager"], "Ignore")
            obj = self.factory.client.create(row, obj, namespace, **options)
        return Info(row, namespace, obj["metadata"]["name"], obj)

    # -- the objects

    def pod(self) -> Obj:
        """The pod that the flags describe."""
        flags, name = self.flags, self.args[0]
        labels = exposing.parse_labels(flags["labels"]) if flags["labels"] else {"run": name}
        metadata: Obj = {"name": name, "labels": labels}
        annotations = {}
        for text in flags["annotations"]:
            key, equals, value = text.partition("=")
            if not key or not equals:
                raise KubectlError(f"invalid annotations format: {text}")
            annotations[key] = value
        if annotations:
            metadata["annotations"] = annotations
        spec = {"containers": [self._container()], "restartPolicy": self.restart, "dnsPolicy": "ClusterFirst"}
        return {"kind": "Pod", "apiVersion": "v1", "metadata": metadata, "spec": spec, "status": {}}

    def _container(self) -> Obj:
        flags = self.flags
        container: Obj = {"name": self.args[0], "image": flags["image"]}
        if len(self.args) > 1:
            container["command" if flags["command"] else "args"] = self.args[1:]
        if flags["port"]:
            container["ports"] = [{"containerPort": exposing.atoi(flags["port"])}]
        env = [self._variable(text) for text in flags["env"]]
        if env:
            container["env"] = env
        container["resources"] = {}
        if flags["image-pull-policy"]:
            container["imagePullPolicy"] = flags["image-pull-policy"]
        if flags["privileged"]:
            container["securityContext"] = {"privileged": True}
        if flags["stdin"]:
            container["stdin"] = True
            if not flags["leave-stdin-open"]:
                container["stdinOnce"] = True
        if flags["tty"]:
            container["tty"] = True
        return container

    def _variable(self, text: str) -> Obj:
        name, equals, value = text.partition("=")
        if not equals or not name or env_name_errors(name):
            raise KubectlError(f"invalid env: {text}")
        return {"name": name, "value": value} if value else {"name": name}

    def _service(self) -> Obj:
        name, labels = self.args[0], self.flags["labels"]
        exposure = exposing.Exposure(
            name=name, selector=labels or f"run={name}", labels=labels, port=self.flags["port"]
        )
        return exposing.service(exposure)

    # -- staying with the pod

    def _attach(self, info: Info) -> None:
        flags, timeout = self.flags, self.flags["pod-running-timeout"]
        pod = attaching.wait_running(self.factory, info, timeout)
        container = podpicking.default_container(self.factory, pod, quiet=True)
        how = attaching.Attachment(flags["stdin"], flags["tty"], flags["quiet"], True, flags["detach-keys"])
        attaching.attach(self.factory, pod, container, how)
        if flags["leave-stdin-open"] or self.restart == "Always":
            return
        pod = attaching.wait_completed(self.factory, info, timeout, success_only=self.restart == "OnFailure")
        if pod["status"]["phase"] == "Succeeded":
            return
        self._report_failure(pod)

    def _report_failure(self, pod: Obj) -> None:
        name = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
        statuses = pod["status"].get("containerStatuses") or []
        ended = (statuses[0].get("state") or {}).get("terminated") if statuses else None
        if not ended or not ended.get("exitCode"):
            raise KubectlError(f"pod {name} failed with unknown exit code")
        text = f"pod {name} terminated ({ended.get('reason', '')})\n{ended.get('message', '')}"
        raise CommandFailed(text, ended["exitCode"])

    def _remove(self, created: list[Info]) -> None:
        deletion = Deletion(self.factory)
        deletion.quiet = self.flags["quiet"]
        for info in created:
            if self.factory.client.find(info.row, info.name, info.namespace) is not None:
                deletion.delete(info)


COMMAND = Command(
    'run NAME --image=image [--env="key=value"] [--port=port] [--dry-run=server|client] [--overrides=inline-json] '
    "[--command] -- [COMMAND] [args...]",
    RunOptions,
    FLAGS,
    long="Create and run a particular image in a pod.",
    example="""
        # Start a nginx pod
        kubectl run nginx --image=nginx

        # Start a hazelcast pod and let the container expose port 5701
        kubectl run hazelcast --image=hazelcast/hazelcast --port=5701

        # Start a hazelcast pod with environment variables
        kubectl run hazelcast --image=hazelcast/hazelcast --env="DNS_DOMAIN=cluster" --env="POD_NAMESPACE=default"

        # Start a hazelcast pod with labels
        kubectl run hazelcast --image=hazelcast/hazelcast --labels="app=hazelcast,env=prod"

        # Print the object without creating it
        kubectl run nginx --image=nginx --dry-run=client -o yaml

        # Start a nginx pod with a spec of your own
        kubectl run nginx --image=nginx --overrides='{ "apiVersion": "v1", "spec": { ... } }'

        # Start a busybox pod and stay with it until it ends
        kubectl run -i -t busybox --image=busybox --restart=Never

        # Start nginx with the image's command and arguments of your own
        kubectl run nginx --image=nginx -- <arg1> <arg2> ... <argN>

        # Start nginx with a command of your own
        kubectl run nginx --image=nginx --command -- <cmd> <arg1> ... <argN>
        """,
    required=("image",),
)
