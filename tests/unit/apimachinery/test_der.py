"""DER, read and written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minikctl.apimachinery.der import element_at, elements, encoded


@given(st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=300))))
def test_what_is_written_is_read(items: list[tuple[int, bytes]]) -> None:
    assert list(elements(b"".join(encoded(*item) for item in items))) == items


def test_lengths_beyond_127_say_how_long_they_are() -> None:
    assert encoded(4, b"x" * 127)[:2] == bytes((4, 127))
    assert encoded(4, b"x" * 256)[:4] == bytes((4, 0x82, 1, 0))
    assert element_at(b"\x00" + encoded(4, b"x" * 256), 1) == (4, b"x" * 256, 261)


@pytest.mark.parametrize("data", [b"\x04", b"\x04\x02x", b"\x04\x82\x01"])
def test_what_is_cut_off(data: bytes) -> None:
    with pytest.raises((IndexError, ValueError)):
        list(elements(data))
