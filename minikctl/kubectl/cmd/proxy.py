"""kubectl proxy: the API over plain HTTP on a local port, as the kubeconfig's user.

Upstream counterpart: kubectl's `pkg/cmd/proxy`.
"""

from __future__ import annotations

import os
import re
import socket
from typing import TYPE_CHECKING

from minikctl.kubectl import klog
from minikctl.kubectl.command import Command, Options
from minikctl.kubectl.errors import CommandFailed, KubectlError
from minikctl.kubectl.flags import BOOL, DURATION, INT, STRING, Flag

if TYPE_CHECKING:
    from minikctl.serving.proxy import Filter

_PORT = 8001
_LARGEST_PORT = 65535
_FATAL = 255  # the status of klog's fatal errors
_MISSING = "proxy needs the extra `serve`: pip install 'minikctl[serve]'"


class ProxyOptions(Options):
    """Where to listen, and what to let through."""

    def complete(self, args: list[str]) -> None:
        flags = self.flags
        self.api_prefix = _closed(flags["api-prefix"])
        self.static_prefix = _closed(flags["www-prefix"])

    def validate(self) -> None:
        flags = self.flags
        if flags["port"] != _PORT and flags["unix-socket"]:
            raise KubectlError("cannot set --unix-socket and --port at the same time")
        if flags["www"] and not os.path.isdir(flags["www"]):
            self.factory.err(klog.line("W", *_no_directory(flags["www"])))

    def run(self) -> None:
        try:
            from minikctl.serving.proxy import Proxy, Settings
        except ModuleNotFoundError as error:
            if (error.name or "").startswith("minikctl"):
                raise
            raise KubectlError(_MISSING) from None
        flags, client = self.flags, self.factory.client
        if flags["disable-filter"] and not flags["unix-socket"]:
            warning = "Request filter disabled, your proxy is vulnerable to XSRF attacks, please be cautious"
            self.factory.err(klog.line("W", "proxy.go:177", warning))
        settings = Settings(self.api_prefix, self.static_prefix, flags["www"])
        proxy = Proxy(self.factory.cluster, client.user, client.impersonate, self._filter(), settings)
        listening = self._listen()
        shown = flags["unix-socket"] or _shown(listening)
        proxy.run(listening, lambda: self._announce(shown))

    def _filter(self) -> Filter:
        from minikctl.serving.proxy import Filter

        flags = self.flags
        return Filter(
            _patterns(flags["accept-paths"]),
            _patterns(flags["reject-paths"]),
            _patterns(flags["accept-hosts"]),
            _patterns(flags["reject-methods"]),
            flags["disable-filter"],
        )

    def _listen(self) -> socket.socket:
        from minikctl.serving.proxy import open_socket, open_unix_socket

        flags = self.flags
        path, address, port = flags["unix-socket"], flags["address"], flags["port"]
        if not path and not 0 <= port <= _LARGEST_PORT:
            raise KubectlError(f"listen tcp: address {port}: invalid port")
        try:
            return open_unix_socket(path) if path else open_socket(address, port, flags["keepalive"])
        except socket.gaierror:
            raise KubectlError(f"listen tcp: lookup {address}: no such host") from None
        except OSError as error:
            where = f"unix {path}" if path else f"tcp {address}:{port}"
            raise KubectlError(f"listen {where}: bind: {(error.strerror or str(error)).lower()}") from None

    def _announce(self, where: str) -> None:
        self.factory.out(f"Starting to serve on {where}")
        self.factory.streams.out.flush()


def _closed(prefix: str) -> str:
    """The prefix as kubectl registers it: one that begins without a slash is never met."""
    return prefix if prefix.endswith("/") else f"{prefix}/"


def _no_directory(path: str) -> tuple[str, str]:
    """kubectl's line and words about a directory that is none."""
    try:
        os.stat(path)
    except OSError as error:
        told = f"stat {path}: {(error.strerror or str(error)).lower()}"
        return "proxy.go:200", f"Failed to stat static file directory {path}: {told}"
    return "proxy.go:202", f"Static file directory {path} is not a directory"


def _patterns(text: str) -> tuple[re.Pattern[str], ...]:
    """A comma-separated list of regular expressions."""
    from minikctl.apimachinery import goregexp
    from minikctl.apimachinery.regexpproblems import regexp_problem

    found = []
    for part in text.split(","):
        problem = regexp_problem(part)
        if problem:
            raise CommandFailed(klog.line("F", "proxy_server.go:83", f"Error compiling re: {problem}"), _FATAL)
        found.append(goregexp.compiled(part))
    return tuple(found)


def _shown(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


COMMAND = Command(
    "proxy [--port=PORT] [--www=static-dir] [--www-prefix=prefix] [--api-prefix=prefix]",
    ProxyOptions,
    (
        Flag(
            "accept-hosts", "", STRING, r"^localhost$,^127\.0\.0\.1$,^\[::1\]$",
            "Regular expression for hosts that the proxy should accept.",
        ),
        Flag("accept-paths", "", STRING, "^.*", "Regular expression for paths that the proxy should accept."),
        Flag("address", "", STRING, "127.0.0.1", "The IP address on which to serve on."),
        Flag("api-prefix", "", STRING, "/", "Prefix to serve the proxied API under."),
        Flag("append-server-path", "", BOOL, False, "If true, append the server's path to each request path."),
        Flag("disable-filter", "", BOOL, False, "If true, do not filter requests."),
        Flag("keepalive", "", DURATION, 0.0, "Keep-alive period of an active connection; 0 for none.", shown="0s"),
        Flag("port", "p", INT, 8001, "The port on which to run the proxy. Set to 0 to pick a random port."),
        Flag("reject-methods", "", STRING, "^$", "Regular expression for HTTP methods that are rejected."),
        Flag(
            "reject-paths", "", STRING, "^/api/.*/pods/.*/exec,^/api/.*/pods/.*/attach",
            "Regular expression for paths that are rejected, whatever --accept-paths says.",
        ),
        Flag("unix-socket", "u", STRING, "", "Unix socket on which to run the proxy."),
        Flag("www", "w", STRING, "", "Also serve static files from the given directory under the specified prefix."),
        Flag("www-prefix", "P", STRING, "/static/", "Prefix to serve static files under."),
    ),
    long="""
Create a proxy server between localhost and the Kubernetes API server.

 Requests need no credentials: they are made as the user of the kubeconfig. What is served can be narrowed by
 regular expressions, and static files can be served beside the API. Needs the extra `serve`.
""",
    example="""
        # Proxy all of the Kubernetes API and nothing else
        kubectl proxy --api-prefix=/

        # Proxy the API under a prefix, with static files beside it: curl localhost:8001/custom/api/v1/pods
        kubectl proxy --www=my/files --www-prefix=/static/ --api-prefix=/custom/

        # Proxy the API on port 8011, with static files at the root
        kubectl proxy --port=8011 --www=./local/www/

        # Proxy the API on any free port, which is printed
        kubectl proxy --port=0
        """,
)  # fmt: skip
