"""How often mutating hooks see an object: once, and those that ask for it again after a later change."""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.deepcopy import deep_copy


class Passes:
    """The state of one request's mutating hooks (policies and webhooks) over the chain's two passes."""

    __slots__ = ("_again", "_left", "_seen", "_version")

    def __init__(self) -> None:
        self._version = 0
        self._again = False
        self._left: Any = None
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

    @property
    def changed(self) -> bool:
        """Whether any hook has changed the object."""
        return self._version > 0

    @property
    def again(self) -> bool:
        """Whether this is the second pass."""
        return self._again

    def second(self, obj: Any) -> bool:
        """Begin the second pass on what the first has left; False where hooks changed nothing and none is needed."""
        self._again = True
        self._left = deep_copy(obj) if self._version and self._seen else None
        return self.changed

    def resume(self, obj: Any) -> None:
        """The hooks' turn has come: what plugins before them did in the second pass is a change too."""
        if self._left is not None:
            self._version += self._left != obj
            self._left = None
