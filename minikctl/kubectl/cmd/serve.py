"""minikctl serve: the cluster's apiserver opened to the network, for kubectl and every client library."""

from __future__ import annotations

import contextlib
import gc
import os
from typing import TYPE_CHECKING

from minikctl.kubectl.command import Command, Options
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flags import BOOL, INT, STRING, Flag

if TYPE_CHECKING:
    from minikctl.apimachinery.request import UserInfo
    from minikctl.apiserver.http.auditpolicy import Policy
    from minikctl.serving.service import Service

_MISSING = "serve needs the extra `serve` (pip install 'minikctl[serve]')"


class ServeOptions(Options):
    """Where to listen, and how to stop."""

    def complete(self, args: list[str]) -> None:
        self.no_arguments(args)

    def validate(self) -> None:
        if not 0 <= self.flags["port"] <= 65535:
            raise KubectlError("--port must be between 0 and 65535")

    def run(self) -> None:
        from minikctl.kubectl import kubeconfig

        path = kubeconfig.store_path(self.factory.target.server)
        if self.flags["stop"]:
            self._stop(path)
        elif self.flags["in-background"]:
            self._start_in_background(path)
        else:
            self._serve(path)

    def _stop(self, path: str) -> None:
        from minikctl.serving import processes

        try:
            stopped = processes.stop(path)
        except TimeoutError as error:
            raise KubectlError(str(error)) from None
        if not stopped:
            raise KubectlError("no server is running for this cluster")
        for process in stopped:
            self.factory.out(f"Stopped serving on {process.url}")

    def _start_in_background(self, path: str) -> None:
        import sys

        from minikctl.serving import processes

        command = [sys.executable, "-m", "minikctl", *self._arguments()]
        started = processes.start(path, command, dict(self.factory.environ), processes.log_path(path))
        if started.error:
            raise KubectlError(started.error)
        self._announce(started.url, started.kubeconfig)

    def _arguments(self) -> list[str]:
        """This invocation once more, to stay in the foreground of another process."""
        arguments = ["serve"]
        for flag in FLAGS:
            if flag.name not in ("in-background", "stop") and self.flags.changed(flag.name):
                arguments.append(f"--{flag.name}={self.flags[flag.name]}")
        for name in ("kubeconfig", "context", "cluster", "server"):
            if self.factory.flags.get(name):
                arguments.append(f"--{name}={self.factory.flags[name]}")
        return arguments

    def _serve(self, path: str) -> None:
        gc.set_threshold(50_000)  # unlike other commands this one lives long
        from minikctl.serving import processes

        service = self._service()
        target = self.flags["kubeconfig-out"] or processes.kubeconfig_path(path)
        with contextlib.ExitStack() as stack:

            def ready() -> None:
                self._write_kubeconfig(service, target)
                stack.enter_context(processes.registered(path, service.url, os.path.abspath(target), service.identity))
                self._announce(service.url, target)

            service.serve(ready)

    def _service(self) -> Service:
        """The service, listening; KubectlError where it cannot, or where its libraries are not installed."""
        environ = self.factory.environ
        bind, port = self.flags["bind"], self.flags["port"]
        try:
            from minikctl.serving.service import Service, Settings

            settings = Settings(
                bind,
                port,
                clock=environ.get("MINIKCTL_CLOCK", ""),
                seed=environ.get("MINIKCTL_SEED"),
                jump=self.flags["jump"],
                tokens=self._tokens(),
                anonymous=self.flags["anonymous-auth"],
                audit_log=self.flags["audit-log"],
                audit_policy=self._audit_policy(),
            )
            return Service(self.factory.cluster, settings)
        except ModuleNotFoundError as error:
            if (error.name or "").startswith("minikctl"):
                raise
            raise KubectlError(_MISSING) from None
        except OSError as error:
            if error.filename:
                raise
            reason = (error.strerror or str(error)).lower()
            raise KubectlError(f"listen tcp {bind}:{port}: bind: {reason}") from None

    def _audit_policy(self) -> Policy | None:
        """The policy of the audit log, where there is one."""
        name = self.flags["audit-policy-file"]
        if not name:
            return None
        from minikctl.apiserver.http import auditpolicy

        with open(name, encoding="utf-8") as file:
            text = file.read()
        try:
            return auditpolicy.load(text)
        except auditpolicy.PolicyError as error:
            raise KubectlError(f"loading audit policy file: {error}: from file {name}") from None

    def _tokens(self) -> dict[str, UserInfo]:
        """The users of the static token file."""
        name = self.flags["token-auth-file"]
        if not name:
            return {}
        from minikctl.apiserver.http.credentials import token_file

        with open(name, encoding="utf-8") as file:
            text = file.read()
        try:
            return token_file(text)
        except ValueError as error:
            raise KubectlError(f"{name}: {error}") from None

    def _write_kubeconfig(self, service: Service, target: str) -> None:
        from minikctl.kubectl import kubeconfig

        kubeconfig.write(target, service.kubeconfig())

    def _announce(self, url: str, target: str) -> None:
        self.factory.out(f"Serving on {url}")
        self.factory.out(f"export KUBECONFIG={target}")
        self.factory.streams.out.flush()


FLAGS = (
    Flag("anonymous-auth", "", BOOL, True, "Take requests without credentials as those of system:anonymous"),
    Flag("audit-log", "", STRING, "", "File to append audit events to; - is standard output"),
    Flag("audit-policy-file", "", STRING, "", "File with the audit.k8s.io/v1 Policy of the audit log"),
    Flag("bind", "", STRING, "127.0.0.1", "Address to listen on"),
    Flag("in-background", "", BOOL, False, "Return as soon as the server answers, and leave it running"),
    Flag("jump", "", BOOL, False, "Let cluster time jump to the next due work for clients that wait for one object"),
    Flag("kubeconfig-out", "", STRING, "", "File for a kubeconfig of the administrator's (default beside the cluster)"),
    Flag("port", "", INT, 6443, "Port to listen on; 0 takes any free one"),
    Flag("stop", "", BOOL, False, "Stop the servers of this cluster"),
    Flag("token-auth-file", "", STRING, "", 'File of bearer tokens, a line each: TOKEN,USER,UID,"GROUP,GROUP"'),
)

COMMAND = Command(
    "serve [--bind=127.0.0.1] [--port=6443] [--kubeconfig-out=FILE] [--in-background | --stop]",
    ServeOptions,
    flags=FLAGS,
    long="Serve the current cluster over HTTPS, so that kubectl and every Kubernetes client can use it. The command "
    "line works on the same cluster at the same time.",
    example="""
        # Serve until interrupted
        minikctl serve

        # Serve in the background on any free port, use kubectl, stop again
        minikctl serve --in-background --port 0 --kubeconfig-out kubeconfig
        kubectl --kubeconfig kubeconfig get pods -A
        minikctl serve --stop
        """,
)
