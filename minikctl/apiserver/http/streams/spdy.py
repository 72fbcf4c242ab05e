"""SPDY/3.1 frames: bytes to frames and frames to bytes, as far as Kubernetes uses them.

Pure; one Framer per connection, since header compression has a state. Counterpart: moby/spdystream; the format
is SPDY draft 3.1's.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Mapping
from typing import NamedTuple

SYN_STREAM, SYN_REPLY, RST_STREAM, SETTINGS, PING, GOAWAY, HEADERS, WINDOW_UPDATE = 1, 2, 3, 4, 6, 7, 8, 9
DATA = 0
FIN = 1
PROTOCOL_ERROR, REFUSED_STREAM, CANCEL = 1, 3, 5

_VERSION = 3
_CONTROL = 0x80000000
_LONGEST_FRAME = 1 << 20
_LONGEST_HEADERS = 1 << 16
_LONGEST_DATA = 1 << 14

# The draft's dictionary: names and values with their lengths, then a plain text.
_NAMES = (
    "options head post put delete trace accept accept-charset accept-encoding accept-language accept-ranges age allow "
    "authorization cache-control connection content-base content-encoding content-language content-length "
    "content-location content-md5 content-range content-type date etag expect expires from host if-match "
    "if-modified-since if-none-match if-range if-unmodified-since last-modified location max-forwards pragma "
    "proxy-authenticate proxy-authorization range referer retry-after server te trailer transfer-encoding upgrade "
    "user-agent vary via warning www-authenticate method get status"
)
_PREFIXED = [*_NAMES.split(), "200 OK", "version", "HTTP/1.1", "url", "public", "set-cookie", "keep-alive", "origin"]
_PLAIN = (
    "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505203 Non-Authoritative "
    "Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized403 Forbidden404 Not Found500 "
    "Internal Server Error501 Not Implemented503 Service UnavailableJan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec "
    "00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMTchunked,text/html,image/png,image/jpg,image/gif,application/xml,"
    "application/xhtml+xml,text/plain,text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset="
    "iso-8859-1,utf-,*,enq=0."
)
DICTIONARY = b"".join(struct.pack(">I", len(word)) + word.encode() for word in _PREFIXED) + _PLAIN.encode()


class ProtocolError(Exception):
    """The peer does not speak SPDY/3.1."""


class Frame(NamedTuple):
    """`kind` is DATA or a control frame's type; `number` a ping's id or a status, as the kind has it."""

    kind: int
    stream: int = 0
    flags: int = 0
    data: bytes = b""
    headers: Mapping[str, str] = {}
    number: int = 0


class Framer:
    """One side of a connection."""

    def __init__(self) -> None:
        self._buffer = b""
        self._compressor = zlib.compressobj(level=9, zdict=DICTIONARY)
        self._decompressor = zlib.decompressobj(zdict=DICTIONARY)

    # Reading

    def feed(self, data: bytes) -> Iterable[Frame]:
        """The frames that have come whole; ProtocolError for what is none."""
        self._buffer += data
        found = []
        while len(self._buffer) >= 8:
            first, second = struct.unpack_from(">II", self._buffer)
            size = second & 0xFFFFFF
            if size > _LONGEST_FRAME:
                raise ProtocolError("frame too large")
            if len(self._buffer) < 8 + size:
                break
            payload, self._buffer = self._buffer[8 : 8 + size], self._buffer[8 + size :]
            frame = self._frame(first, second >> 24, payload)
            if frame is not None:
                found.append(frame)
        return found

    def _frame(self, first: int, flags: int, payload: bytes) -> Frame | None:
        if not first & _CONTROL:
            return Frame(DATA, first, flags, payload)
        if first >> 16 & 0x7FFF != _VERSION:
            raise ProtocolError("unknown version")
        kind = first & 0xFFFF
        try:
            if kind == SYN_STREAM:
                (stream,) = struct.unpack_from(">I", payload)
                return Frame(kind, stream & 0x7FFFFFFF, flags, headers=self._headers(payload[10:]))
            if kind in (SYN_REPLY, HEADERS):
                (stream,) = struct.unpack_from(">I", payload)
                return Frame(kind, stream & 0x7FFFFFFF, flags, headers=self._headers(payload[4:]))
            if kind in (RST_STREAM, WINDOW_UPDATE, GOAWAY):
                stream, number = struct.unpack_from(">II", payload)
                return Frame(kind, stream & 0x7FFFFFFF, flags, number=number)
            if kind == PING:
                return Frame(kind, number=struct.unpack_from(">I", payload)[0])
        except (struct.error, zlib.error) as error:
            raise ProtocolError(str(error)) from None
        return None

    def _headers(self, block: bytes) -> Mapping[str, str]:
        plain = self._decompressor.decompress(block, _LONGEST_HEADERS)
        if self._decompressor.unconsumed_tail:
            raise ProtocolError("headers too large")
        (count,) = struct.unpack_from(">I", plain)
        at, texts = 4, []
        for _ in range(2 * count):
            (size,) = struct.unpack_from(">I", plain, at)
            texts.append(plain[at + 4 : at + 4 + size].decode("latin-1"))
            at += 4 + size
        return dict(zip(texts[::2], texts[1::2], strict=True))

    # Writing

    def data(self, stream: int, data: bytes, fin: bool = False) -> bytes:
        """DATA frames; the last one ends the stream with `fin`."""
        pieces = [data[at : at + _LONGEST_DATA] for at in range(0, len(data), _LONGEST_DATA)] or [b""]
        frames = []
        for number, piece in enumerate(pieces, start=1):
            flags = FIN if fin and number == len(pieces) else 0
            frames.append(struct.pack(">II", stream, flags << 24 | len(piece)) + piece)
        return b"".join(frames)

    def open(self, stream: int, headers: Mapping[str, str], fin: bool = False) -> bytes:
        """SYN_STREAM."""
        return _control(SYN_STREAM, FIN if fin else 0, struct.pack(">IIH", stream, 0, 0) + self._packed(headers))

    def reply(self, stream: int, headers: Mapping[str, str]) -> bytes:
        """SYN_REPLY."""
        return _control(SYN_REPLY, 0, struct.pack(">I", stream) + self._packed(headers))

    def reset(self, stream: int, status: int) -> bytes:
        return _control(RST_STREAM, 0, struct.pack(">II", stream, status))

    def ping(self, number: int) -> bytes:
        return _control(PING, 0, struct.pack(">I", number))

    def go_away(self, last: int) -> bytes:
        return _control(GOAWAY, 0, struct.pack(">II", last, 0))

    def window_update(self, stream: int, size: int) -> bytes:
        return _control(WINDOW_UPDATE, 0, struct.pack(">II", stream, size))

    def _packed(self, headers: Mapping[str, str]) -> bytes:
        plain = struct.pack(">I", len(headers))
        for name, value in headers.items():
            for text in (name.lower().encode("latin-1"), value.encode("latin-1", "replace")):
                plain += struct.pack(">I", len(text)) + text
        return self._compressor.compress(plain) + self._compressor.flush(zlib.Z_SYNC_FLUSH)


def _control(kind: int, flags: int, payload: bytes) -> bytes:
    return struct.pack(">II", _CONTROL | _VERSION << 16 | kind, flags << 24 | len(payload)) + payload
