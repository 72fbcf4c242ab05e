"""Digests of names and the like, as hexadecimal text, without OpenSSL.

`hashlib` loads its library whatever is asked for, which takes longer than all digests of a command. The
interpreter brings implementations of its own, in modules that `hashlib` would fall back on.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

_SHA2 = "_sha2" if sys.version_info >= (3, 12) else "_sha256"


def _own(module: str, name: str) -> Any:
    try:
        return getattr(import_module(module), name)
    except ImportError:
        return getattr(import_module("hashlib"), name)


_sha256 = _own(_SHA2, "sha256")
_blake2b = _own("_blake2", "blake2b")


def sha256(text: str) -> str:
    """The SHA-256 digest of a text."""
    digest: str = _sha256(text.encode()).hexdigest()
    return digest


def blake2b(text: str, size: int) -> str:
    """The BLAKE2b digest of so many bytes of a text."""
    digest: str = _blake2b(text.encode(), digest_size=size).hexdigest()
    return digest
