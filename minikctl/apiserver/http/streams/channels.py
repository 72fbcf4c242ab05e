"""The remote command protocols over WebSockets: messages whose first byte names a channel.

channel.k8s.io and base64.channel.k8s.io are the oldest; v4 puts a Status on the error channel, v5 can close
standard input. Counterpart: apimachinery's `util/remotecommand` constants and `httpstream/wsstream`.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from minikctl.apimachinery.request import Obj

STDIN, STDOUT, STDERR, ERROR, RESIZE, CLOSE = 0, 1, 2, 3, 4, 255

V5 = "v5.channel.k8s.io"
V4 = "v4.channel.k8s.io"
V4_BASE64 = "v4.base64.channel.k8s.io"
V1 = "channel.k8s.io"
V1_BASE64 = "base64.channel.k8s.io"
# What remote commands speak, preferred first; port-forward knows neither v5 nor the oldest names without ports.
REMOTE_COMMAND = (V5, V4, V4_BASE64, V1, V1_BASE64)
PORT_FORWARD = (V4, V4_BASE64, V1, V1_BASE64)

_LONGEST = 32 * 1024


class Message(NamedTuple):
    """Bytes of one channel."""

    channel: int
    data: bytes


class Channels:
    """One negotiated protocol: WebSocket messages to channel messages, and back."""

    def __init__(self, protocol: str) -> None:
        self.protocol = protocol
        self._text = "base64" in protocol
        self.has_status = protocol.startswith(("v4", "v5"))
        self.can_close = protocol == V5

    def read(self, data: bytes | None, text: str | None) -> Message | None:
        """A received message; None for what is no message of this protocol."""
        if self._text:
            line = text if text is not None else (data or b"").decode("latin-1")
            if not line or not line[0].isdigit():
                return None
            try:
                return Message(int(line[0]), base64.b64decode(line[1:], validate=True))
            except (binascii.Error, ValueError):
                return None
        whole = data if data is not None else (text or "").encode()
        return Message(whole[0], whole[1:]) if whole else None

    def written(self, channel: int, data: bytes) -> Iterator[bytes | str]:
        """The messages that carry bytes on a channel: text in the base64 protocols."""
        for at in range(0, max(len(data), 1), _LONGEST):
            piece = data[at : at + _LONGEST]
            yield f"{channel}{base64.b64encode(piece).decode()}" if self._text else bytes((channel,)) + piece

    def status(self, status: Obj) -> Iterator[bytes | str]:
        """The messages that end a command with its Status; before v4 only what went wrong is told."""
        if self.has_status:
            yield from self.written(ERROR, json.dumps(status, separators=(",", ":")).encode())
        elif status.get("status") != "Success":
            yield from self.written(ERROR, str(status.get("message", "")).encode())


def negotiate(offered: Iterable[str], known: Iterable[str]) -> str | None:
    """The first protocol the client offers that is known; "" where it offers none, None where none fits."""
    wanted = list(offered)
    if not wanted:
        return ""
    understood = set(known)
    return next((protocol for protocol in wanted if protocol in understood), None)


def size_of(data: bytes) -> tuple[int, int] | None:
    """The width and height in a message of the resize channel."""
    try:
        found = json.loads(data)
        return int(found["Width"]), int(found["Height"])
    except (ValueError, TypeError, KeyError):
        return None
