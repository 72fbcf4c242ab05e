"""Answers of more than 128 KiB go out gzipped to those who take that.

Counterpart of the deferred response writer of apiserver's `handlers/responsewriters`.
"""

from __future__ import annotations

import zlib

from minikctl.apiserver.http.answers import Answer
from minikctl.apiserver.http.turns import Turn

_LEAST = 128 * 1024
_LEVEL = 1
_PIECE = 1 << 18
_GZIP = 16 + zlib.MAX_WBITS


async def compress(answer: Answer, accept_encoding: str) -> None:
    """Compress the body of an answer where it is long and the client accepts it."""
    if answer.size <= _LEAST or "gzip" not in (token.strip() for token in accept_encoding.split(",")):
        return
    kept = answer.kept
    packed = kept.get("gzip") if kept is not None else None
    if packed is None:
        packed = await _packed(answer.pieces)
        if kept is not None:
            kept["gzip"] = packed
    answer.replace(packed)
    answer.headers += [(b"content-encoding", b"gzip"), (b"vary", b"Accept-Encoding")]


async def _packed(pieces: list[bytes]) -> list[bytes]:
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    turn = Turn()
    packed = []
    for piece in pieces:
        for start in range(0, len(piece), _PIECE):
            packed.append(packer.compress(piece[start : start + _PIECE]))
            await turn.over()
    packed.append(packer.flush())
    return [piece for piece in packed if piece]
