"""What can be wrong with a store, each with a message for people."""

from __future__ import annotations


class StoreError(Exception):
    """The store cannot be used; the message is one clear line."""


class ExistsError(Exception):
    """There is an object of that kind and name already."""


class CompactedError(Exception):
    """The asked-for revision is no longer retained; `oldest` is the first that is."""

    def __init__(self, revision: int, oldest: int) -> None:
        super().__init__(f"revision {revision} has been compacted; the oldest retained is {oldest}")
        self.revision = revision
        self.oldest = oldest
