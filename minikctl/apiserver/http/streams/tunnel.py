"""Port-forward's streams over SPDY: for each connection a data and an error stream, paired by a request id.

Pure. Counterpart: kubelet's `portforward/httpstream.go`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apiserver.http.streams import spdy

if TYPE_CHECKING:
    from minikctl.apimachinery.streaming import PortConnection, PortForwarder

_WINDOW = 64 * 1024


class _Pair:
    """One forwarded connection."""

    __slots__ = ("connection", "data", "early", "error", "port")

    def __init__(self, port: int) -> None:
        self.port = port
        self.data = 0
        self.error = 0
        self.connection: PortConnection | None = None
        self.early = b""  # what came before both streams were there


class Tunnel:
    """The pod's side of one SPDY connection: `feed` it bytes, send what it returns."""

    def __init__(self, forwarder: PortForwarder) -> None:
        self._forwarder = forwarder
        self._framer = spdy.Framer()
        self._pairs: dict[str, _Pair] = {}
        self._by_stream: dict[int, _Pair] = {}
        self._last = 0
        self.closed = False

    def feed(self, data: bytes) -> bytes:
        """What goes back; `closed` is set where the peer said goodbye or does not speak SPDY."""
        sent = b""
        try:
            for frame in self._framer.feed(data):
                sent += self._frame(frame)
        except spdy.ProtocolError:
            self.closed = True
            return sent + self._framer.go_away(self._last)
        return sent

    def _frame(self, frame: spdy.Frame) -> bytes:
        if frame.kind == spdy.SYN_STREAM:
            return self._opened(frame)
        if frame.kind == spdy.DATA:
            return self._received(frame)
        if frame.kind == spdy.PING:
            return self._framer.ping(frame.number)
        if frame.kind == spdy.RST_STREAM:
            self._forget(self._by_stream.get(frame.stream))
        elif frame.kind == spdy.GOAWAY:
            self.closed = True
        return b""

    def _opened(self, frame: spdy.Frame) -> bytes:
        headers, stream = frame.headers, frame.stream
        self._last = max(self._last, stream)
        kind, port = headers.get("streamtype", ""), headers.get("port", "")
        if kind not in ("data", "error") or not port.isdigit() or not 0 < int(port) < 65536:
            return self._framer.reset(stream, spdy.REFUSED_STREAM)
        request = headers.get("requestid") or str(stream - 2 if kind == "data" else stream)
        pair = self._pairs.setdefault(request, _Pair(int(port)))
        if getattr(pair, kind):
            return self._framer.reset(stream, spdy.REFUSED_STREAM)
        setattr(pair, kind, stream)
        self._by_stream[stream] = pair
        answer = self._framer.reply(stream, {})
        return answer + self._connect(pair) if pair.data and pair.error else answer

    def _connect(self, pair: _Pair) -> bytes:
        try:
            pair.connection = self._forwarder.connect(pair.port)
        except ConnectionRefusedError as refused:
            answer = self._framer.data(pair.error, str(refused).encode(), fin=True)
            answer += self._framer.data(pair.data, b"", fin=True)
            self._forget(pair)
            return answer
        early, pair.early = pair.early, b""
        return self._carry(pair, early) if early else b""

    def _received(self, frame: spdy.Frame) -> bytes:
        pair = self._by_stream.get(frame.stream)
        if pair is None or frame.stream != pair.data:
            return b""
        answer = self._framer.window_update(frame.stream, len(frame.data)) if frame.data else b""
        if pair.connection is None:
            pair.early += frame.data[:_WINDOW]
        elif frame.data:
            answer += self._carry(pair, frame.data)
        if frame.flags & spdy.FIN and pair.connection is not None:
            answer += self._end(pair)
        return answer

    def _carry(self, pair: _Pair, data: bytes) -> bytes:
        assert pair.connection is not None
        back = pair.connection.feed(data)
        answer = self._framer.data(pair.data, back) if back else b""
        return answer + self._end(pair) if pair.connection.closed else answer

    def _end(self, pair: _Pair) -> bytes:
        """Both sides are done: end the streams, the error stream with nothing on it."""
        if pair.data not in self._by_stream:
            return b""
        answer = self._framer.data(pair.data, b"", fin=True) + self._framer.data(pair.error, b"", fin=True)
        self._forget(pair)
        return answer

    def _forget(self, pair: _Pair | None) -> None:
        if pair is None:
            return
        self._by_stream.pop(pair.data, None)
        self._by_stream.pop(pair.error, None)
        for request in [request for request, each in self._pairs.items() if each is pair]:
            del self._pairs[request]
