"""A served cluster over real connections: TLS, client certificates, limits, a clean end."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("uvicorn")
pytest.importorskip("cryptography")

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from minikctl import clusters
from minikctl.cluster import Cluster
from minikctl.serving import authority, certificates, listener
from minikctl.serving.service import Service, Settings

PODS = "/api/v1/namespaces/demo/pods"


class Caller:
    """Connections to a service, as the administrator or with another certificate, or none."""

    def __init__(self, service: Service, folder: Path) -> None:
        self._service = service
        self._folder = folder

    async def open(self, pair: certificates.Pair | None) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        context = ssl.create_default_context(cadata=self._service.certificates.authority.certificate)
        if pair is not None:
            file = self._folder / "client.pem"
            file.write_text(pair.key + pair.certificate)
            context.load_cert_chain(file)
        return await asyncio.open_connection("127.0.0.1", self._service.port, ssl=context)

    async def ask(self, target: str, pair: certificates.Pair | None = None, head: str = "") -> tuple[int, Any]:
        """The code and the body of a GET."""
        reader, writer = await self.open(pair)
        writer.write(f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{head}\r\n".encode())
        data = await reader.read()
        writer.close()
        start, _, body = data.partition(b"\r\n\r\n")
        code = int(start.split(b" ")[1])
        return code, json.loads(body) if b"application/json" in start else body


@pytest.fixture
def serve(cluster: Cluster, tmp_path: Path) -> Callable[[Callable[[Caller], Awaitable[None]]], None]:
    """Runs a coroutine against a service on a free port, and ends the service."""

    def run(scenario: Callable[[Caller], Awaitable[None]]) -> None:
        service = Service(cluster, Settings(port=0))

        async def whole() -> None:
            ready = asyncio.Event()
            serving = asyncio.ensure_future(service.run(ready.set))
            await ready.wait()
            try:
                await scenario(Caller(service, tmp_path))
            finally:
                service.stop()
                await serving

        asyncio.run(whole())

    return run


def test_the_administrators_certificate_is_made_once(cluster: Cluster, serve: Any) -> None:
    async def scenario(caller: Caller) -> None:
        made = certificates.of_cluster(cluster.store, "127.0.0.1")
        code, body = await caller.ask(PODS, made.admin)
        assert (code, body["kind"]) == (200, "PodList")
        code, body = await caller.ask(PODS)
        assert (code, body["reason"]) == (403, "Forbidden")
        assert certificates.of_cluster(cluster.store, "127.0.0.1") == made

    serve(scenario)


def test_another_certificate_of_the_authority_is_its_subject(cluster: Cluster, serve: Any) -> None:
    async def scenario(caller: Caller) -> None:
        made = certificates.of_cluster(cluster.store, "127.0.0.1")
        ann = authority.sign(made.authority, "ann", ("dev",), client=True)
        code, body = await caller.ask(PODS, ann)
        assert (code, 'User "ann" cannot list' in body["message"]) == (403, True)

    serve(scenario)


def test_a_certificate_that_was_requested_and_approved(cluster: Cluster, serve: Any) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ann")])
    asked = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    encoding = serialization.Encoding.PEM
    spec = {
        "request": base64.b64encode(asked.public_bytes(encoding)).decode(),
        "signerName": "kubernetes.io/kube-apiserver-client",
        "usages": ["client auth"],
    }
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()

    async def scenario(caller: Caller) -> None:
        client = cluster.client()
        row = "certificatesigningrequests.certificates.k8s.io"
        request = client.create(row, {"metadata": {"name": "ann"}, "spec": spec})
        request["status"] = {"conditions": [{"type": "Approved", "status": "True", "reason": "x", "message": "y"}]}
        client.update(row, request, subresource="approval")
        cluster.settle()
        issued = base64.b64decode(client.get(row, "ann")["status"]["certificate"]).decode()
        code, body = await caller.ask(PODS, certificates.Pair(issued, private))
        assert (code, 'User "ann" cannot list' in body["message"]) == (403, True)

    serve(scenario)


def test_certificates_that_nobody_here_stands_for_are_unauthorized(cluster: Cluster, serve: Any) -> None:
    refused = {
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": "Unauthorized",
        "reason": "Unauthorized", "code": 401,
    }  # fmt: skip

    async def scenario(caller: Caller) -> None:
        made = certificates.of_cluster(cluster.store, "127.0.0.1")
        other = authority.new()
        issuer = certificates.Pair(other["certificate"], other["key"])
        foreign = authority.sign(issuer, "kubernetes-admin", ("system:masters",), client=True)
        a_servers = authority.sign(made.authority, "kubernetes-admin", ("system:masters",), client=False)
        for pair in (foreign, a_servers, made.serving):
            assert await caller.ask(PODS, pair) == (401, refused)
            assert await caller.ask("/version", pair) == (401, refused)
        assert (await caller.ask(PODS, made.admin))[0] == 200
        assert (await caller.ask("/version"))[0] == 200
        cluster.settle()
        asked: dict[str, Any] = {"spec": {"audiences": []}}
        made_token = cluster.client().create("serviceaccounts", asked, "demo", subresource="token", name="default")
        token = made_token["status"]["token"]
        assert (await caller.ask(PODS, foreign, f"Authorization: Bearer {token}\r\n"))[0] == 403
        assert (await caller.ask(PODS, foreign, "Authorization: Bearer none\r\n")) == (401, refused)

    serve(scenario)


def test_a_client_is_told_whose_certificates_count(cluster: Cluster, serve: Any) -> None:
    from OpenSSL import SSL

    async def scenario(caller: Caller) -> None:
        connection = SSL.Connection(SSL.Context(SSL.TLS_CLIENT_METHOD))
        connection.set_connect_state()
        reader, writer = await asyncio.open_connection("127.0.0.1", caller._service.port)
        for _ in range(5):
            with contextlib.suppress(SSL.WantReadError):
                connection.do_handshake()
                break
            writer.write(connection.bio_read(65536))
            connection.bio_write(await reader.read(65536))
        assert [name.get_components() for name in connection.get_client_ca_list()] == [[(b"CN", b"kubernetes")]]
        writer.close()

    serve(scenario)


def test_garbage_and_heads_without_end(serve: Any) -> None:
    async def scenario(caller: Caller) -> None:
        plain, writer = await asyncio.open_connection("127.0.0.1", caller._service.port)
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        answer = await plain.read()
        assert answer == b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"
        writer.close()
        reader, writer = await caller.open(None)
        writer.write(b"\x00\xff nonsense\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
        writer.close()
        reader, writer = await caller.open(None)
        writer.write(b"GET / HTTP/1.1\r\nX: " + b"a" * (listener.LARGEST_HEAD + 65536))
        assert (await reader.read()).startswith(b"HTTP/1.1 431 ")
        writer.close()
        assert (await caller.ask("/version"))[0] == 200

    serve(scenario)


def test_an_open_watch_ends_with_the_server(cluster: Cluster, serve: Any) -> None:
    seen = {}

    async def scenario(caller: Caller) -> None:
        made = certificates.of_cluster(cluster.store, "127.0.0.1")
        reader, writer = await caller.open(made.admin)
        writer.write(f"GET {PODS}?watch=1 HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        seen["head"] = await reader.readuntil(b"\r\n\r\n")
        seen["rest"] = asyncio.ensure_future(reader.read())
        seen["writer"] = writer

    serve(scenario)
    assert seen["head"].startswith(b"HTTP/1.1 200 OK")
    assert seen["rest"].done()


def test_a_watch_over_a_web_socket(cluster: Cluster, serve: Any) -> None:
    from websockets.asyncio.client import connect
    from websockets.exceptions import InvalidStatus

    asked: dict[str, Any] = {"spec": {"audiences": []}}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}
    subjects = [{"kind": "ServiceAccount", "name": "default", "namespace": "demo"}]
    binding = {"metadata": {"name": "view"}, "roleRef": role, "subjects": subjects}

    async def scenario(caller: Caller) -> None:
        cluster.settle()
        client = cluster.client()
        client.create("rolebindings.rbac.authorization.k8s.io", binding, "demo")
        made = client.create("serviceaccounts", asked, "demo", subresource="token", name="default")
        token = base64.urlsafe_b64encode(made["status"]["token"].encode()).decode().rstrip("=")
        hidden = f"base64url.bearer.authorization.k8s.io.{token}"
        context = ssl.create_default_context(cadata=caller._service.certificates.authority.certificate)
        target = f"wss://127.0.0.1:{caller._service.port}/api/v1/namespaces/demo/configmaps?watch=1&timeoutSeconds=1"
        async with connect(target, ssl=context, subprotocols=[hidden, "base64.binary.k8s.io"]) as socket:
            assert socket.subprotocol == "base64.binary.k8s.io"
            events = [json.loads(message) async for message in socket]
        assert [event["object"]["metadata"]["name"] for event in events] == ["kube-root-ca.crt"]
        for offered, code in (([hidden], 401), (["base64.binary.k8s.io"], 403)):
            with pytest.raises(InvalidStatus) as refused:
                async with connect(target, ssl=context, subprotocols=offered):
                    pass
            assert refused.value.response.status_code == code

    serve(scenario)


def test_time_jumps_for_who_waits_for_one_object(cluster: Cluster, serve: Any) -> None:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "x"}]}}
    spec = {"minReadySeconds": 300, "selector": {"matchLabels": {"a": "b"}}, "template": template}
    before = cluster.present()

    async def scenario(caller: Caller) -> None:
        made = certificates.of_cluster(cluster.store, "127.0.0.1")
        cluster.client().create("deployments.apps", {"metadata": {"name": "web"}, "spec": spec}, "demo")
        reader, writer = await caller.open(made.admin)
        target = "/apis/apps/v1/namespaces/demo/deployments?watch=1&fieldSelector=metadata.name%3Dweb"
        writer.write(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        while b'"availableReplicas":1' not in await reader.readuntil(b"}\n"):
            pass
        writer.close()

    serve(scenario)
    assert 300 <= cluster.present() - before < 360


def test_a_file_brought_back_ends_its_watches(cluster: Cluster, serve: Any, tmp_path: Path) -> None:
    async def scenario(caller: Caller) -> None:
        made = certificates.of_cluster(cluster.store, "127.0.0.1")
        clusters.snapshot(cluster.store.path, f"{tmp_path}/snapshot")
        for name in ("one", "two"):
            cluster.client().create("configmaps", {"metadata": {"name": name}}, "demo")
        reader, writer = await caller.open(made.admin)
        target = f"{PODS}?watch=1&resourceVersion={cluster.store.revision()}"
        writer.write(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        await reader.readuntil(b"\r\n\r\n")
        clusters.restore(f"{tmp_path}/snapshot", cluster.store.path)
        event = json.loads((await reader.readuntil(b"}\n")).rpartition(b"\r\n")[2])
        assert (event["type"], event["object"]["reason"]) == ("ERROR", "Expired")
        writer.close()
        _code, body = await caller.ask("/api/v1/namespaces/demo/configmaps", made.admin)
        assert [item["metadata"]["name"] for item in body["items"]] == ["kube-root-ca.crt"]

    serve(scenario)


def test_the_kubeconfig_has_everything_in_it(cluster: Cluster) -> None:
    service = Service(cluster, Settings(port=0))
    config = service.kubeconfig()
    assert config["clusters"][0]["cluster"]["server"] == service.url
    service.close()
    user = config["users"][0]["user"]
    assert base64.b64decode(user["client-certificate-data"]).startswith(b"-----BEGIN CERTIFICATE-----")
