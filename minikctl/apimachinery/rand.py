"""Random names and ids, repeatable where MINIKCTL_SEED asks for it.

The suffix alphabet is apimachinery's `util/rand`: no vowels, no 0, 1, 3.
"""

from __future__ import annotations

import random
from collections.abc import Callable

_ALPHANUMS = "bcdfghjklmnpqrstvwxz2456789"


class Rand:
    """A source of ids. Without a seed it starts from the system's randomness.

    With a seed and a way to ask for the store's revision, what is drawn depends on these two alone, not on
    which process draws: a served cluster gives the ids that a run of commands gives.
    """

    def __init__(self, seed: str | None = None, revision: Callable[[], int] | None = None) -> None:
        self._seed = seed
        self._revision = revision if seed is not None else None
        self._at = -1
        self._drawn = random.Random(seed)

    @property
    def _random(self) -> random.Random:
        if self._revision is not None and (revision := self._revision()) != self._at:
            self._at = revision
            self._drawn = random.Random(f"{self._seed}:{revision}")
        return self._drawn

    def renew(self) -> None:
        """Draw what a process that starts now would draw."""
        self._at = -1

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
