"""kubectl exec: runs a command in a container.

The emulated node knows simple shell; a program it does not know is reported as not found. Upstream
counterpart: kubectl's `pkg/cmd/exec`.
"""

from __future__ import annotations

from minikctl.apimachinery.request import Obj
from minikctl.kubectl import podpicking
from minikctl.kubectl.command import Command, Options
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flags import BOOL, DURATION, STRING, Flag
from minikctl.kubectl.flagsets import filename
from minikctl.kubectl.remotecommand import connect, converse, is_terminal, report

FLAGS = (
    filename("to use to exec into the resource"),
    Flag("container", "c", STRING, "", "Container name. By default the annotated one, or the first of the pod."),
    Flag("pod-running-timeout", "", DURATION, 60.0, "Time to wait until a pod is there.", shown="1m0s"),
    Flag("quiet", "q", BOOL, False, "Only print output from the remote session"),
    Flag("stdin", "i", BOOL, False, "Pass stdin to the container"),
    Flag("tty", "t", BOOL, False, "Stdin is a TTY"),
)


class ExecOptions(Options):
    """What to run where."""

    def complete(self, args: list[str]) -> None:
        self.timeout = podpicking.running_timeout(self.flags, self.usage_error)
        dash = self.flags.dash
        self.target = args[0] if args and dash != 0 else ""
        self.command: list[str] = []
        if dash >= 0:
            self.command = args[dash:]
        elif len(args) > 1 or (args and self.flags["filename"]):
            raise self.usage_error("exec [POD] [COMMAND] is not supported anymore. Use exec [POD] -- [COMMAND] instead")

    def validate(self) -> None:
        if not self.target and not self.flags["filename"]:
            raise KubectlError("pod, type/name or --filename must be specified")
        if not self.command:
            raise KubectlError("you must specify at least one command for the container")

    def run(self) -> None:
        pod = self._pod()
        phase = (pod.get("status") or {}).get("phase")
        if phase in ("Succeeded", "Failed"):
            raise KubectlError(f"cannot exec into a container in a completed pod; current phase is {phase}")
        name = podpicking.container_named(self.factory, pod, self.flags["container"], self.flags["quiet"])["name"]
        stdin, terminal = self.flags["stdin"], self.flags["tty"]
        if terminal and not (stdin and is_terminal(self.factory)):
            terminal = False
            if stdin and not self.flags["quiet"]:
                self.factory.err("Unable to use a TTY - input is not a terminal or the right kind of file")
        options = {"container": name, "command": self.command, "stdin": stdin, "stdout": True, "tty": terminal}
        session = connect(self.factory, pod, "exec", stderr=not terminal, **options)
        converse(self.factory, session, stdin, terminal)
        report(session)

    def _pod(self) -> Obj:
        builder = self.factory.builder()
        if self.flags["filename"] and self.target:
            raise KubectlError("resource/name arguments cannot be provided when a path is specified")
        if self.flags["filename"]:
            # A pod is taken as the file has it: its containers are those the file names.
            builder.files(self.flags)
        if self.target:
            builder.types_or_names([self.target] if "/" in self.target else ["pods", self.target])
        infos = builder.infos()
        if not infos:
            raise KubectlError("pod, type/name or --filename must be specified")
        if len(infos) > 1:
            raise KubectlError("cannot exec into multiple objects at a time")
        return podpicking.attachable_pod(self.factory, infos[0], self.timeout)


COMMAND = Command(
    "exec (POD | TYPE/NAME) [-c CONTAINER] [flags] -- COMMAND [args...]",
    ExecOptions,
    FLAGS,
    long="Execute a command in a container.",
    example="""
        # Get output from running the 'date' command from pod mypod, using the first container by default
        kubectl exec mypod -- date

        # The same in ruby-container
        kubectl exec mypod -c ruby-container -- date

        # Run a script
        kubectl exec mypod -- sh -c 'echo $HOSTNAME; cat /etc/config/settings'

        # Get output from running 'date' in the first pod of a deployment
        kubectl exec deploy/mydeployment -- date

        # Get output from running 'date' in the first pod of a service
        kubectl exec svc/myservice -- date
        """,
)
