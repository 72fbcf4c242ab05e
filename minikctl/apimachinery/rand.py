"""Random names and ids, repeatable where MINIKCTL_SEED asks for it.

The suffix alphabet is apimachinery's `util/rand`: no vowels, no 0, 1, 3.
"""

from __future__ import annotations

import random

_ALPHANUMS = "bcdfghjklmnpqrstvwxz2456789"


class Rand:
    """A source of ids. Without a seed it starts from the system's randomness."""

    def __init__(self, seed: str | None = None) -> None:
        self._random = random.Random(seed)

    def seed(self, seed: str) -> None:
        """Start anew, as a source made with this seed would."""
        self._random.seed(seed)

    def suffix(self, length: int = 5) -> str:
        """A random name suffix, as generateName appends it."""
        bits, found = self._random.getrandbits(32 * length), []
        for _ in range(length):
            found.append(_ALPHANUMS[(bits & 0xFFFFFFFF) % 27])
            bits >>= 32
        return "".join(found)

    def uid(self) -> str:
        """A version 4 UUID."""
        digits = f"{self._random.getrandbits(128):032x}"
        variant = "89ab"[int(digits[16], 16) & 3]
        return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"

    def below(self, limit: int) -> int:
        """A whole number in [0, limit)."""
        return self._random.randrange(limit)

    def hex(self, digits: int) -> str:
        return f"{self._random.getrandbits(digits * 4):0{digits}x}"


def safe_encode(text: str) -> str:
    """apimachinery's SafeEncodeString: each character mapped into the suffix alphabet (pod-template-hash)."""
    return "".join(_ALPHANUMS[ord(char) % len(_ALPHANUMS)] for char in text)
