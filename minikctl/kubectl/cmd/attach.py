"""kubectl attach: joins a running container.

Upstream counterpart: kubectl's `pkg/cmd/attach`.
"""

from __future__ import annotations

from minikctl.kubectl import attaching, podpicking
from minikctl.kubectl.command import Command, Options
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flags import BOOL, DURATION, STRING, Flag

FLAGS = (
    Flag("container", "c", STRING, "", "Container name. By default the annotated one, or the first of the pod."),
    Flag("detach-keys", "", STRING, "ctrl-p,ctrl-q", "Key sequence for detaching a container."),
    Flag("pod-running-timeout", "", DURATION, 60.0, "Time to wait until a pod is there.", shown="1m0s"),
    Flag("quiet", "q", BOOL, False, "Only print output from the remote session"),
    Flag("stdin", "i", BOOL, False, "Pass stdin to the container"),
    Flag("tty", "t", BOOL, False, "Stdin is a TTY"),
)


class AttachOptions(Options):
    """What to attach to."""

    def complete(self, args: list[str]) -> None:
        if not args:
            raise KubectlError("at least 1 argument is required for attach")
        if len(args) > 2:
            raise KubectlError("expected POD, TYPE/NAME, or TYPE NAME, (at most 2 arguments) saw " + _go_list(args))
        self.args = args
        self.timeout = podpicking.running_timeout(self.flags, self.usage_error)

    def run(self) -> None:
        flags = self.flags
        args = self.args
        named = args if len(args) == 2 or "/" in args[0] else ["pods", *args]
        (info,) = self.factory.builder().types_or_names(named).infos()
        pod = podpicking.attachable_pod(self.factory, info, self.timeout)
        phase = (pod.get("status") or {}).get("phase")
        if phase in ("Succeeded", "Failed"):
            raise KubectlError(f"cannot attach a container in a completed pod; current phase is {phase}")
        try:
            container = podpicking.container_named(self.factory, pod, flags["container"], flags["quiet"])
        except KubectlError as error:
            raise KubectlError(f"cannot attach to the container: {error}") from None
        how = attaching.Attachment(flags["stdin"], flags["tty"], flags["quiet"], detach_keys=flags["detach-keys"])
        attaching.attach(self.factory, pod, container, how)


def _go_list(args: list[str]) -> str:
    return f"{len(args)}: [{' '.join(args)}]"


COMMAND = Command(
    "attach (POD | TYPE/NAME) -c CONTAINER",
    AttachOptions,
    FLAGS,
    long="Attach to a process that is already running inside an existing container.",
    example="""
        # Get output from running pod mypod
        kubectl attach mypod

        # Get output from ruby-container of pod mypod
        kubectl attach mypod -c ruby-container

        # Talk to the shell that runs in ruby-container of pod mypod
        kubectl attach mypod -c ruby-container -i -t

        # Get output from the first pod of a replica set named nginx
        kubectl attach rs/nginx
        """,
)
