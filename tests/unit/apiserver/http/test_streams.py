"""The wire formats of streams: channels, SPDY frames, port-forward's tunnel."""

from __future__ import annotations

import zlib

import pytest

from minikctl.apiserver.http.streams import channels, spdy
from minikctl.apiserver.http.streams.commandstreams import CommandStreams
from minikctl.apiserver.http.streams.tunnel import Tunnel


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (["v5.channel.k8s.io", "v4.channel.k8s.io"], "v5.channel.k8s.io"),
        (["v3.channel.k8s.io", "base64.channel.k8s.io"], "base64.channel.k8s.io"),
        ([], ""),
        (["chat"], None),
    ],
)
def test_the_clients_first_known_protocol_is_spoken(offered: list[str], chosen: str | None) -> None:
    assert channels.negotiate(offered, channels.REMOTE_COMMAND) == chosen


def test_messages_name_their_channel() -> None:
    protocol = channels.Channels(channels.V5)
    assert protocol.read(b"\x00in", None) == channels.Message(0, b"in")
    assert protocol.read(b"", None) is None
    assert list(protocol.written(1, b"")) == [b"\x01"]
    assert [len(message) for message in protocol.written(2, b"x" * 40_000)] == [32_769, 7_233]
    assert list(protocol.status({"status": "Success"})) == [b'\x03{"status":"Success"}']


def test_messages_as_text() -> None:
    protocol = channels.Channels(channels.V1_BASE64)
    assert protocol.read(None, "0aGk=") == channels.Message(0, b"hi")
    assert protocol.read(None, "0?") is None
    assert list(protocol.written(1, b"hi")) == ["1aGk="]
    assert list(protocol.status({"status": "Success"})) == []


def test_sizes_of_terminals() -> None:
    assert channels.size_of(b'{"Width":80,"Height":24}') == (80, 24)
    assert channels.size_of(b"[]") is None


def test_the_dictionary_is_the_drafts() -> None:
    assert (len(spdy.DICTIONARY), zlib.adler32(spdy.DICTIONARY)) == (1423, 0xE3C6A7C2)


def test_frames_come_in_any_pieces() -> None:
    client, server = spdy.Framer(), spdy.Framer()
    sent = client.open(1, {"streamType": "data", "port": "80"}) + client.data(1, b"hello", fin=True) + client.ping(7)
    sent += client.open(3, {"streamtype": "error"}, fin=True) + client.reset(1, spdy.CANCEL) + client.go_away(3)
    frames = [frame for at in range(len(sent)) for frame in server.feed(sent[at : at + 1])]
    assert [(frame.kind, frame.stream, frame.flags, frame.number) for frame in frames] == [
        (spdy.SYN_STREAM, 1, 0, 0),
        (spdy.DATA, 1, spdy.FIN, 0),
        (spdy.PING, 0, 0, 7),
        (spdy.SYN_STREAM, 3, spdy.FIN, 0),
        (spdy.RST_STREAM, 1, 0, spdy.CANCEL),
        (spdy.GOAWAY, 3, 0, 0),
    ]
    assert frames[0].headers == {"streamtype": "data", "port": "80"}
    assert frames[1].data == b"hello"


@pytest.mark.parametrize(
    "garbage",
    [b"GET / HTTP/1.1\r\n\r\n", b"\x80\x02\x00\x01\x00\x00\x00\x00", b"\x80\x03\x00\x01\x00\x00\x00\x0c" + b"x" * 12],
)
def test_what_is_no_spdy_is_told(garbage: bytes) -> None:
    with pytest.raises(spdy.ProtocolError):
        list(spdy.Framer().feed(garbage))


class Echo:
    """A port that sends back what it gets, until it is told to stop."""

    closed = False

    def feed(self, data: bytes) -> bytes:
        self.closed = data == b"stop"
        return data.upper()


class Ports:
    """Port 80 echoes, all others are closed."""

    def alive(self) -> bool:
        return True

    def connect(self, port: int) -> Echo:
        if port != 80:
            raise ConnectionRefusedError(f"nobody listens on {port}")
        return Echo()


def forwarded(tunnel: Tunnel, client: spdy.Framer, port: int, first: int) -> list[spdy.Frame]:
    """Open the two streams of a connection, the error stream first, as clients do."""
    headers = {"port": str(port), "requestid": str(first)}
    sent = client.open(first, {"streamtype": "error", **headers}) + client.data(first, b"", fin=True)
    sent += client.open(first + 2, {"streamtype": "data", **headers})
    return list(client.feed(tunnel.feed(sent)))


def test_a_tunnel_carries_connections() -> None:
    tunnel, client = Tunnel(Ports()), spdy.Framer()
    assert [frame.kind for frame in forwarded(tunnel, client, 80, 1)] == [spdy.SYN_REPLY, spdy.SYN_REPLY]
    answer = list(client.feed(tunnel.feed(client.data(3, b"hi"))))
    assert [(frame.kind, frame.data) for frame in answer] == [(spdy.WINDOW_UPDATE, b""), (spdy.DATA, b"HI")]
    ended = list(client.feed(tunnel.feed(client.data(3, b"stop"))))[1:]
    assert [(frame.stream, frame.flags, frame.data) for frame in ended] == [(3, 0, b"STOP"), (3, 1, b""), (1, 1, b"")]


def test_a_tunnel_tells_what_is_refused() -> None:
    tunnel, client = Tunnel(Ports()), spdy.Framer()
    answer = forwarded(tunnel, client, 81, 1)[2:]
    assert [(frame.stream, frame.flags, frame.data) for frame in answer] == [
        (1, spdy.FIN, b"nobody listens on 81"),
        (3, spdy.FIN, b""),
    ]
    refused = list(client.feed(tunnel.feed(client.open(5, {"streamtype": "data", "port": "x"}))))
    assert [(frame.kind, frame.stream) for frame in refused] == [(spdy.RST_STREAM, 5)]
    assert not tunnel.closed


def test_a_tunnel_ends_with_its_peer() -> None:
    tunnel = Tunnel(Ports())
    tunnel.feed(spdy.Framer().go_away(1))
    assert tunnel.closed
    tunnel = Tunnel(Ports())
    tunnel.feed(b"not spdy at all")
    assert tunnel.closed


def test_a_commands_streams_over_spdy() -> None:
    streams, client = CommandStreams("SPDY/3.1+v4.channel.k8s.io", {"error", "stdin", "stdout"}), spdy.Framer()
    opened = [client.open(1, {"streamType": "error"}), client.open(3, {"streamType": "stdin"})]
    came, back = streams.feed(b"".join(opened))
    assert came == [] and [frame.kind for frame in client.feed(back)] == [spdy.SYN_REPLY] * 2
    assert not streams.ready
    _, back = streams.feed(client.open(5, {"streamType": "stdout"}) + client.open(7, {"streamType": "other"}))
    assert streams.ready and [frame.kind for frame in client.feed(back)] == [spdy.SYN_REPLY, spdy.RST_STREAM]
    came, _ = streams.feed(client.data(3, b"in") + client.data(3, b"", fin=True))
    assert came == [(channels.STDIN, b"in", False), (channels.STDIN, b"", True)]
    assert [(frame.stream, frame.data) for frame in client.feed(streams.written(channels.STDOUT, b"out"))] == [
        (5, b"out")
    ]
    assert streams.written(channels.STDERR, b"nobody wants it") == b""
    ended = list(client.feed(streams.finished({"status": "Success"})))
    assert [(frame.stream, frame.flags, frame.data) for frame in ended] == [
        (1, 1, b'{"status":"Success"}'),
        (3, 1, b""),
        (5, 1, b""),
    ]
    streams.feed(client.go_away(0))
    assert streams.closed


def test_before_v4_only_failures_are_told() -> None:
    streams, client = CommandStreams("SPDY/3.1+v2.channel.k8s.io", {"error"}), spdy.Framer()
    streams.feed(client.open(1, {"streamType": "error"}))
    assert [frame.data for frame in client.feed(streams.finished({"status": "Failure", "message": "so"}))][-1:] == [
        b"so"
    ]
