"""Posting an AdmissionReview to a webhook: where it is, TLS, time limits, and Go's words for what goes wrong.

A Service leads to the addresses of its EndpointSlices. Emulated pods answer no connections, so a
Service of theirs refuses; a webhook outside the cluster (a URL, or endpoints written by hand) is real.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Iterator

    from minikctl.apimachinery.request import Obj
    from minikctl.apiserver.registry.reader import Reader

_SLICES = "endpointslices.discovery.k8s.io"


class CallError(Exception):
    """A webhook that could not be asked; the message is what client-go would say."""


class AnswerError(CallError):
    """An answer that is none."""


class EmulatedError(CallError):
    """A webhook whose Service is served by emulated pods; `images` are what those run."""

    def __init__(self, message: str, images: list[str]) -> None:
        super().__init__(message)
        self.images = images


class Target(NamedTuple):
    """Where to connect, the name its certificate must have, and the URL as it is written."""

    host: str
    port: int
    name: str
    url: str
    path: str


class Call(NamedTuple):
    """A review on its way: everything that must be known to post it, so that any thread may."""

    target: Target
    bundle: str
    review: Obj
    seconds: int

    def context(self) -> ssl.SSLContext:
        """What a connection is verified by: the authority that is named, else the system's."""
        import ssl

        authority = base64.b64decode(self.bundle).decode("ascii", "replace") if self.bundle else None
        context = ssl.create_default_context(cadata=authority)
        context.hostname_checks_common_name = False  # as Go has it
        return context

    def outcome(self) -> Obj | CallError:
        """The review that the webhook answers with, or why there is none."""
        try:
            return self._answer()
        except CallError as error:
            return error

    def _answer(self) -> Obj:
        target = self.target
        try:
            status, body = _exchange(target, self.context(), json.dumps(self.review).encode(), self.seconds)
        except OSError as error:
            raise CallError(f'Post "{target.url}": {_explained(error, self)}') from None
        if status != 200:
            raise CallError(_status_text(status, body))
        try:
            answer = json.loads(body)
        except ValueError as error:
            raise CallError(f"couldn't get version/kind; json parse error: {error}") from None
        return answer if isinstance(answer, dict) else {}


def post(webhook: Obj, review: Obj, reader: Reader) -> Obj:
    """The review that a webhook answers with; CallError where there is none."""
    outcome = call_of(webhook, review, reader).outcome()
    if isinstance(outcome, CallError):
        raise outcome
    return outcome


def call_of(webhook: Obj, review: Obj, reader: Reader) -> Call:
    """The call of a webhook; CallError where there is nobody to call."""
    seconds = int(webhook.get("timeoutSeconds") or 10)
    config = webhook.get("clientConfig") or {}
    return Call(_target(config, seconds, reader), config.get("caBundle") or "", review, seconds)


def _target(config: Obj, seconds: int, reader: Reader) -> Target:
    service = config.get("service")
    if service:
        return _service_target(service, seconds, reader)
    from urllib.parse import urlsplit

    parts = urlsplit(str(config.get("url", "")))
    host = parts.hostname or ""
    path = parts.path or "/"
    return Target(host, parts.port or 443, host, f"https://{parts.netloc}{path}?timeout={seconds}s", path)


def _service_target(service: Obj, seconds: int, reader: Reader) -> Target:
    namespace, name = service["namespace"], service["name"]
    port = int(service.get("port") or 443)
    path = service.get("path") or "/"
    url = f"https://{name}.{namespace}.svc:{port}{path}?timeout={seconds}s"
    found = reader.peek("services", namespace, name)
    if found is None:
        raise CallError(f'Post "{url}": service "{name}" not found')
    wanted = [one for one in found["spec"].get("ports") or () if one.get("port") == port]
    if not wanted:
        raise CallError(f'Post "{url}": no service port {port} found for service "{name}"')
    pods: list[str] = []
    for address, target_port, pod in _endpoints(namespace, name, wanted[0].get("name", ""), reader):
        if not pod:
            return Target(address, target_port, f"{name}.{namespace}.svc", url, path)
        pods.append(pod)
    if pods:
        refused = f'Post "{url}": dial tcp {found["spec"].get("clusterIP", "")}:{port}: connect: connection refused'
        raise EmulatedError(refused, [image for pod in pods for image in _images(namespace, pod, reader)])
    raise CallError(f'Post "{url}": no endpoints available for service "{name}"')


def _images(namespace: str, pod: str, reader: Reader) -> list[str]:
    found = reader.peek("pods", namespace, pod)
    return [container.get("image", "") for container in found["spec"]["containers"]] if found else []


def _endpoints(namespace: str, service: str, port_name: str, reader: Reader) -> Iterator[tuple[str, int, str]]:
    """Ready addresses of a Service, with the port, and the pod behind each ("" for none)."""
    for one in reader.list(_SLICES, namespace, label=("kubernetes.io/service-name", service)):
        port = next((p.get("port") for p in one.get("ports") or () if (p.get("name") or "") == port_name), None)
        for endpoint in one.get("endpoints") or ():
            if port and (endpoint.get("conditions") or {}).get("ready") is not False:
                reference = endpoint.get("targetRef") or {}
                pod = reference.get("name", "") if reference.get("kind") == "Pod" else ""
                for address in endpoint.get("addresses") or ():
                    yield address, int(port), pod


def _exchange(target: Target, context: ssl.SSLContext, body: bytes, seconds: int) -> tuple[int, bytes]:
    import http.client
    import socket

    class Connection(http.client.HTTPSConnection):
        """Connects to the target's address, whatever the name in its certificate."""

        def connect(self) -> None:
            plain: socket.socket = socket.create_connection((target.host, target.port), timeout=seconds)
            self.sock = context.wrap_socket(plain, server_hostname=target.name)

    connection = Connection(target.name, target.port, timeout=seconds, context=context)
    headers = {"Content-Type": "application/json", "Accept": "application/json, */*"}
    try:
        connection.request(
            "POST",
            f"{target.path}?timeout={seconds}s",
            body,
            {**headers, "User-Agent": "kube-apiserver-admission"},
        )
        response = connection.getresponse()
        return response.status, response.read()
    except http.client.HTTPException as error:
        raise OSError(f"malformed HTTP response: {error}") from None
    finally:
        connection.close()


def _explained(error: OSError, call: Call) -> str:
    import socket
    import ssl

    target = call.target
    place = f"dial tcp {target.host}:{target.port}"
    if isinstance(error, ssl.SSLCertVerificationError):
        from minikctl.apiserver.admission.webhooks import certificates

        return f"tls: failed to verify certificate: x509: {certificates.problem(error.verify_code, call)}"
    if isinstance(error, ssl.SSLError):
        return f"tls: {error.reason or error}"
    if isinstance(error, TimeoutError):
        return "context deadline exceeded"
    if isinstance(error, socket.gaierror):
        return f"dial tcp: lookup {target.host}: no such host"
    if isinstance(error, ConnectionResetError):
        return "EOF"
    if error.strerror:
        return f"{place}: connect: {error.strerror.lower()}"
    return str(error) or "EOF"


def _status_text(status: int, body: bytes) -> str:
    if status == 404:
        return "the server could not find the requested resource"
    if status >= 500:
        text = body.decode("utf-8", "replace").strip().replace("\n", "\\n")
        return f'an error on the server ("{text or "unknown"}") has prevented the request from succeeding'
    return "the server rejected our request for an unknown reason"
