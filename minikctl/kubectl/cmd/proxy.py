"""kubectl proxy: not possible yet, and says so.

Upstream counterpart: kubectl's `pkg/cmd/proxy`.
"""

from __future__ import annotations

from minikctl.kubectl.command import Command, Options
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flags import BOOL, DURATION, INT, STRING, Flag


class ProxyOptions(Options):
    """Where to listen."""

    def run(self) -> None:
        raise KubectlError("proxy is not supported by minikctl yet; use get --raw for single requests")


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

 minikctl cannot do this yet; `get --raw` makes single requests.
""",
    example="""
        # Proxy the Kubernetes API
        kubectl proxy --port=8011
        """,
)  # fmt: skip
