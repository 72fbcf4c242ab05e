"""kubectl logs: prints what containers have printed.

Upstream counterpart: kubectl's `pkg/cmd/logs`.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import gotime
from minikctl.apimachinery.clock import parse_time
from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import Obj
from minikctl.kubectl import podpicking
from minikctl.kubectl.command import Command, Options
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flags import BOOL, DURATION, INT, INT64, STRING, Flag, quote
from minikctl.kubectl.info import Info
from minikctl.kubectl.logstream import LogStream, Write, follow

_USAGE = "logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]"
_EXPECTED = f"expected '{_USAGE}'.\nPOD or TYPE/NAME is a required argument for the logs command"
_SELECTED_TAIL = 10

FLAGS = (
    Flag("all-containers", "", BOOL, False, "Get all containers' logs in the pod(s)."),
    Flag("all-pods", "", BOOL, False, "Get logs from all pod(s). Sets prefix to true."),
    Flag("container", "c", STRING, "", "Print the logs of this container"),
    Flag("follow", "f", BOOL, False, "Specify if the logs should be streamed."),
    Flag("ignore-errors", "", BOOL, False, "If following pod logs, errors that occur are not fatal"),
    Flag("insecure-skip-tls-verify-backend", "", BOOL, False, "Skip verifying the identity of the kubelet."),
    Flag("limit-bytes", "", INT64, 0, "Maximum bytes of logs to return. Defaults to no limit."),
    Flag("max-log-requests", "", INT, 5, "Most concurrent logs to follow when using a selector. Defaults to 5."),
    Flag("pod-running-timeout", "", DURATION, 20.0, "Time to wait until a pod is there.", shown="20s"),
    Flag("prefix", "", BOOL, False, "Prefix each log line with the log source (pod name and container name)"),
    Flag("previous", "p", BOOL, False, "If true, print the logs of the container's previous run, if there is one."),
    Flag("selector", "l", STRING, "", "Selector (label query) to filter on."),
    Flag("since", "", DURATION, 0.0, "Only logs newer than a duration like 5s, 2m, or 3h.", shown="0s"),
    Flag("since-time", "", STRING, "", "Only logs after a date (RFC3339). Not together with --since."),
    Flag("tail", "", INT64, -1, "Lines of recent log to display. Defaults to -1 (all); 10 with a selector."),
    Flag("timestamps", "", BOOL, False, "Include timestamps on each line in the log output"),
)


class LogsOptions(Options):
    """Whose logs, and which part of them."""

    def complete(self, args: list[str]) -> None:
        flags = self.flags
        self.args = args
        self.container: str = flags["container"]
        self.prefix: bool = flags["prefix"] or flags["all-pods"]
        if len(args) > 2 or (not args and not flags["selector"]):
            raise self.usage_error(_EXPECTED)
        if len(args) == 1 and flags["selector"]:
            raise self.usage_error("only a selector (-l) or a POD name is allowed")
        if len(args) == 2:
            self.container = args[1]
        self.options = self._log_options()
        self.timeout = podpicking.running_timeout(flags)
        self.infos = self._find()

    def _find(self) -> list[Info]:
        builder = self.factory.builder()
        if self.flags["selector"]:
            infos = builder.selector(self.flags["selector"]).types_or_names(["pods"]).infos()
            if not infos:
                self.factory.err(f"No resources found in {self.factory.namespace} namespace.")
            return infos
        name = self.args[0]
        try:
            return builder.types_or_names([name] if "/" in name else ["pods", name]).infos()
        except StatusError as error:
            if error.reason != "NotFound":
                raise
            where = f"in namespace {quote(self.factory.namespace)}"
            raise KubectlError(f"error from server (NotFound): {error.message} {where}") from None

    def _log_options(self) -> dict[str, Any]:
        flags = self.flags
        options: dict[str, Any] = {}
        for name in ("previous", "timestamps"):
            if flags[name]:
                options[name] = True
        if flags["since-time"]:
            try:
                parse_time(flags["since-time"])
            except ValueError:
                raise KubectlError(gotime.problem(flags["since-time"])) from None
            options["sinceTime"] = flags["since-time"]
        if flags["limit-bytes"]:
            options["limitBytes"] = flags["limit-bytes"]
        if flags["since"]:
            options["sinceSeconds"] = int(flags["since"] + 0.5)
        if flags["selector"] and not flags.changed("tail"):
            options["tailLines"] = _SELECTED_TAIL
        elif flags["tail"] != -1:
            options["tailLines"] = flags["tail"]
        return options

    def validate(self) -> None:
        flags = self.flags
        if flags["since-time"] and flags["since"]:
            raise KubectlError("at most one of `sinceTime` or `sinceSeconds` may be specified")
        if flags["all-containers"] and self.container:
            raise KubectlError(f"--all-containers=true should not be specified with container name {self.container}")
        if flags.changed("container") and len(self.args) == 2:
            raise KubectlError("only one of -c or an inline [CONTAINER] arg is allowed")
        if flags["limit-bytes"] < 0:
            raise KubectlError("--limit-bytes must be greater than 0")
        if flags["since"] < 0:
            raise KubectlError("--since must be greater than 0")
        if self.options.get("tailLines", 0) < -1:
            raise KubectlError("--tail must be greater than or equal to -1")

    def run(self) -> None:
        flags = self.flags
        streams = [
            (LogStream(self.factory, pod, name, self.options), self._writer(pod, name))
            for pod in self._pods()
            for name in self._containers(pod)
        ]
        if not flags["follow"]:
            for stream, write in streams:
                self._print(stream, write)
            return
        most = flags["max-log-requests"]
        if len(streams) > most and len(streams) > 1:
            raise KubectlError(
                f"you are attempting to follow {len(streams)} log streams, but maximum allowed concurrency is {most}, "
                "use --max-log-requests to increase the limit"
            )
        try:
            follow(self.factory, streams)
        except StatusError as error:
            if not flags["ignore-errors"]:
                raise
            self.factory.out(f"error: {error}")

    def _print(self, stream: LogStream, write: Write) -> None:
        try:
            write(stream.read())
        except StatusError as error:
            if not self.flags["ignore-errors"]:
                raise
            self.factory.out(f"error: {error}")

    def _pods(self) -> list[Obj]:
        """The pods whose logs to print."""
        if self.flags["selector"]:
            return [info.obj for info in self.infos]
        (info,) = self.infos
        if info.row.key == "pods":
            return [info.obj]
        found = podpicking.pods_of(self.factory, info, podpicking.by_logging, self.timeout, "get the logs from")
        if self.flags["all-pods"] or len(found) == 1:
            return found
        self.factory.err(f"Found {len(found)} pods, using pod/{found[0]['metadata']['name']}")
        return found[:1]

    def _containers(self, pod: Obj) -> list[str]:
        if self.flags["all-containers"]:
            return [container["name"] for _, container in podpicking.containers_of(pod)]
        if not self.container:
            return [podpicking.default_container(self.factory, pod, quiet=self.flags["all-pods"])["name"]]
        if podpicking.find_container(pod, self.container) is None:
            names = podpicking.all_names(pod)
            raise KubectlError(
                f"container {self.container} is not valid for pod {pod['metadata']['name']} out of: {names}"
            )
        return [self.container]

    def _writer(self, pod: Obj, container: str) -> Write:
        write = self.factory.streams.out.write
        if not self.prefix:
            return write
        prefix = f"[pod/{pod['metadata']['name']}/{container}] "

        def write_prefixed(text: str) -> None:
            write("".join(prefix + line for line in text.splitlines(keepends=True)))

        return write_prefixed


COMMAND = Command(
    _USAGE,
    LogsOptions,
    FLAGS,
    long="""
Print the logs for a container in a pod or specified resource. A pod with one container needs no container name.
""",
    example="""
        # Print the logs of pod nginx with only one container
        kubectl logs nginx

        # Print the logs of all containers of pod nginx
        kubectl logs nginx --all-containers=true

        # Print the logs of all pods of a deployment
        kubectl logs deployment/nginx --all-pods=true

        # Print the logs of all containers of the pods with the label app=nginx
        kubectl logs -l app=nginx --all-containers=true

        # Print the logs of the ended ruby container of pod web-1
        kubectl logs -p -c ruby web-1

        # Follow the logs of the ruby container of pod web-1
        kubectl logs -f -c ruby web-1

        # Print only the last 20 lines
        kubectl logs --tail=20 nginx

        # Print the logs of the last hour
        kubectl logs --since=1h nginx

        # Print the logs of the first container of a job
        kubectl logs job/hello

        # Print the logs of a container of a deployment
        kubectl logs deployment/nginx -c nginx-1
        """,
)
