"""How often mutating hooks see an object: once, and those that ask for it again after a later change."""

from __future__ import annotations


class Passes:
    """The state of one request's mutating hooks (policies and webhooks) over the chain's two passes."""

    __slots__ = ("_again", "_seen", "_version")

    def __init__(self) -> None:
        self._version = 0
        self._again = False
        # hooks that want to see later changes -> the version of the object they left
        self._seen: dict[str, int] = {}

    def due(self, name: str) -> bool:
        """Whether a hook is to run in this pass."""
        return not self._again or self._seen.get(name, self._version) < self._version

    def ran(self, name: str, changed: bool, if_needed: bool) -> None:
        """Note that a hook has run."""
        self._version += changed
        if if_needed and not self._again:
            self._seen[name] = self._version

    def second(self) -> bool:
        """Begin the second pass; False where nothing has changed and none is needed."""
        self._again = True
        return self._version > 0
