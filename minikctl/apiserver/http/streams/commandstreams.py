"""exec and attach over SPDY: a stream for each of a command's standard streams, one for its Status, one for sizes.

Pure. What clients older than WebSockets speak. Counterpart: kubelet's `remotecommand/httpstream.go`.
"""

from __future__ import annotations

import json
from typing import NamedTuple

from minikctl.apimachinery.request import Obj
from minikctl.apiserver.http.streams import channels, spdy

_CHANNELS = {
    "stdin": channels.STDIN,
    "stdout": channels.STDOUT,
    "stderr": channels.STDERR,
    "error": channels.ERROR,
    "resize": channels.RESIZE,
}


class Came(NamedTuple):
    """What came on a stream; `ended`: nothing more will."""

    channel: int
    data: bytes
    ended: bool


class CommandStreams:
    """The pod's side of one connection."""

    def __init__(self, protocol: str, wanted: set[str]) -> None:
        """`wanted`: the stream types the client is going to open."""
        self._has_status = "v4." in protocol or "v5." in protocol
        self._framer = spdy.Framer()
        self._missing = set(wanted)
        self._of_channel: dict[int, int] = {}
        self._of_stream: dict[int, int] = {}
        self.closed = False

    @property
    def ready(self) -> bool:
        """Whether all streams are open."""
        return not self._missing

    def feed(self, data: bytes) -> tuple[list[Came], bytes]:
        """What came, and what goes back; `closed` is set where the peer does not speak SPDY or said goodbye."""
        came: list[Came] = []
        back = b""
        try:
            for frame in self._framer.feed(data):
                back += self._frame(frame, came)
        except spdy.ProtocolError:
            self.closed = True
        return came, back

    def _frame(self, frame: spdy.Frame, came: list[Came]) -> bytes:
        if frame.kind == spdy.SYN_STREAM:
            return self._opened(frame)
        if frame.kind == spdy.PING:
            return self._framer.ping(frame.number)
        if frame.kind == spdy.GOAWAY:
            self.closed = True
        elif frame.kind in (spdy.DATA, spdy.RST_STREAM) and frame.stream in self._of_stream:
            ended = bool(frame.flags & spdy.FIN) or frame.kind == spdy.RST_STREAM
            came.append(Came(self._of_stream[frame.stream], frame.data, ended))
            if frame.data:
                return self._framer.window_update(frame.stream, len(frame.data))
        return b""

    def _opened(self, frame: spdy.Frame) -> bytes:
        kind = frame.headers.get("streamtype", "")
        if kind not in _CHANNELS or _CHANNELS[kind] in self._of_channel:
            return self._framer.reset(frame.stream, spdy.REFUSED_STREAM)
        self._missing.discard(kind)
        self._of_channel[_CHANNELS[kind]] = frame.stream
        self._of_stream[frame.stream] = _CHANNELS[kind]
        return self._framer.reply(frame.stream, {})

    def written(self, channel: int, data: bytes) -> bytes:
        """The frames that carry output; nothing where the client has not opened that stream."""
        stream = self._of_channel.get(channel)
        return self._framer.data(stream, data) if stream is not None else b""

    def finished(self, status: Obj) -> bytes:
        """The frames that end all streams, with the command's Status on the error stream."""
        if self._has_status:
            told = json.dumps(status, separators=(",", ":")).encode()
        else:
            told = b"" if status.get("status") == "Success" else str(status.get("message", "")).encode()
        frames = b""
        for channel, stream in self._of_channel.items():
            frames += self._framer.data(stream, told if channel == channels.ERROR else b"", fin=True)
        return frames
