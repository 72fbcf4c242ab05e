"""The server's side of TLS between two buffers, as asyncio and uvloop use it."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("OpenSSL")
pytest.importorskip("cryptography")

from minikctl.cluster import Cluster
from minikctl.serving import certificates
from minikctl.serving.tls import Context, Tunnel

RECORD = 1 << 14


class Pair:
    """A client of the standard library's and a Tunnel, wired to each other."""

    def __init__(self, made: certificates.Certificates, client: ssl.SSLContext) -> None:
        self.to_server, self.to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.client_in = ssl.MemoryBIO()
        self.client_out = ssl.MemoryBIO()
        self.client = client.wrap_bio(self.client_in, self.client_out, server_hostname="localhost")
        self.server: Tunnel = Context(made).wrap_bio(self.to_server, self.to_client, server_side=True)

    def move(self) -> None:
        self.to_server.write(self.client_out.read())
        self.client_in.write(self.to_client.read())

    def shake_hands(self) -> None:
        waiting: list[Callable[[], Any]] = [self.client.do_handshake, self.server.do_handshake]
        for _ in range(10):
            for each in list(waiting):
                with contextlib.suppress(ssl.SSLWantReadError):
                    each()
                    waiting.remove(each)
                self.move()
        assert not waiting


@pytest.fixture
def pair(cluster: Cluster) -> Pair:
    made = certificates.of_cluster(cluster.store, "127.0.0.1")
    pair = Pair(made, ssl.create_default_context(cadata=made.authority.certificate))
    pair.shake_hands()
    return pair


def test_many_records_at_once_are_all_there(pair: Pair) -> None:
    sent = bytes(range(256)) * 400
    pair.client.write(sent)
    pair.move()
    found = b""
    with pytest.raises(ssl.SSLWantReadError):
        while pair.server.pending() or pair.to_server.pending:
            chunk = pair.server.read(1 << 18)
            assert 0 < len(chunk) <= RECORD
            found += chunk
    assert found == sent
    assert pair.server.pending() == 0
    with pytest.raises(ssl.SSLWantReadError):
        pair.server.read()


def test_what_is_written_goes_out_whole(pair: Pair) -> None:
    sent = b"x" * (5 * RECORD + 1)
    assert pair.server.write(memoryview(sent)) == len(sent)
    pair.move()
    found = b""
    while len(found) < len(sent):
        found += pair.client.read(1 << 18)
    assert found == sent


def test_reading_into_a_buffer(pair: Pair) -> None:
    pair.client.write(b"hello")
    pair.move()
    buffer = bytearray(16)
    assert pair.server.read(16, memoryview(buffer)) == 5
    assert buffer[:5] == b"hello"


def test_a_goodbye_and_going_without_one(pair: Pair) -> None:
    with pytest.raises(ssl.SSLWantReadError):
        pair.client.unwrap()
    pair.move()
    assert pair.server.read() == b""
    pair.server.unwrap()
    pair.to_server.write_eof()
    assert pair.server.read() == b""


def test_gone_without_a_goodbye(pair: Pair) -> None:
    pair.to_server.write_eof()
    assert pair.server.read() == b""
    pair.server.unwrap()


def test_garbage_is_an_error_and_an_alert(cluster: Cluster) -> None:
    made = certificates.of_cluster(cluster.store, "127.0.0.1")
    pair = Pair(made, ssl.create_default_context(cadata=made.authority.certificate))
    pair.to_server.write(b"BREW / HTTP/1.1\r\n\r\n")
    with pytest.raises(ssl.SSLError) as caught:
        pair.server.do_handshake()
    assert not isinstance(caught.value, ssl.SSLWantReadError)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_the_verdict_on_a_certificate(cluster: Cluster, tmp_path: Path, version: ssl.TLSVersion) -> None:
    from minikctl.serving import authority

    made = certificates.of_cluster(cluster.store, "127.0.0.1")
    other = authority.new()
    issuer = certificates.Pair(other["certificate"], other["key"])
    foreign = authority.sign(issuer, "kubernetes-admin", ("system:masters",), client=True)
    for own, trusted in ((made.admin, True), (foreign, False)):
        context = ssl.create_default_context(cadata=made.authority.certificate)
        context.minimum_version = context.maximum_version = version
        file = tmp_path / "client.pem"
        file.write_text(own.key + own.certificate)
        context.load_cert_chain(file)
        pair = Pair(made, context)
        pair.shake_hands()
        assert pair.server.trusted is trusted
        assert pair.server.getpeercert(True) == ssl.PEM_cert_to_DER_cert(own.certificate)
        cipher = pair.server.cipher()
        assert cipher is not None and cipher[1] == version.name.replace("_", ".")
