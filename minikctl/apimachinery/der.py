"""DER (X.690) as far as certificates and keys need it: elements with tags of one octet, read and written."""

from __future__ import annotations

from collections.abc import Iterator


def element_at(data: bytes, at: int) -> tuple[int, bytes, int]:
    """(tag, content, end) of the element at an offset; IndexError or ValueError where it is cut off."""
    tag, length, at = data[at], data[at + 1], at + 2
    if length & 0x80:
        size = length & 0x7F
        length = int.from_bytes(data[at : at + size], "big")
        at += size
    if at + length > len(data):
        raise ValueError("DER element is cut off")
    return tag, data[at : at + length], at + length


def elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The elements one after the other: (tag, content). Errors as of `element_at`."""
    at = 0
    while at < len(data):
        tag, content, at = element_at(data, at)
        yield tag, content


def encoded(tag: int, content: bytes) -> bytes:
    """An element."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content
