"""Decoded objects that all readers of the store share, by revision, and the changes that lead to them.

Decoding costs more than anything else the store does, and one revision is read by many: mappers of
components, their syncs, the update that follows. Nobody may alter what is kept here. It is used
within write transactions only: then nobody else can have given a revision to another object.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from minikctl.apimachinery.request import Change
from minikctl.store.record import decode, split_path

Obj = dict[str, Any]
# Makes a small part of an object, of which nothing may be altered.
Part = Callable[[Obj], Obj]

_OBJECTS = 3000
_PARTS = 20_000  # of each kind of part
_TYPES = ("ADDED", "MODIFIED", "DELETED")


class _Recent(OrderedDict[int, Obj]):
    """Values by revision: the `limit` that were put last.

    What is found does not count as used: the log is read in its order, so that the oldest are those that
    nobody asks for again, and a superseded revision that was compared with its successor is not worth a place.

    An OrderedDict, since a dict whose oldest entry goes with every new one looks for it behind the
    places of all that went before, which costs more than what it keeps saves.
    """

    __slots__ = ("_limit",)

    def __init__(self, limit: int) -> None:
        super().__init__()
        self._limit = limit

    def put(self, revision: int, value: Obj) -> None:
        if len(self) >= self._limit:
            self.popitem(last=False)
        self[revision] = value


class Views:
    """The objects that were last read or written. `open`: whether a write transaction is under way."""

    __slots__ = ("_objects", "_parts", "_read", "open")

    def __init__(self, read: Callable[[int], str | None]) -> None:
        """`read` gives the stored form of a revision, None where it is not retained."""
        self.open = False
        self._read = read
        self._objects = _Recent(_OBJECTS)
        self._parts: dict[Part, _Recent] = {}

    def forget(self) -> None:
        """Revisions may stand for other objects from now on."""
        self._objects = _Recent(_OBJECTS)
        self._parts.clear()

    def keep(self, revision: int, obj: Obj) -> None:
        """Let an object that nobody will alter any more be what readers of its revision get."""
        if self.open:
            self._objects.put(revision, obj)

    def of(self, revision: int, data: str) -> Obj:
        """The object of a revision; `data` is its stored form."""
        found = self._objects.get(revision) if self.open else None
        if found is None:
            found = decode(data, revision)
            self.keep(revision, found)
        return found

    def at(self, revision: int) -> Obj | None:
        """The object that a revision wrote, while it is retained."""
        found = self._objects.get(revision) if self.open else None
        if found is not None:
            return found
        data = self._read(revision)
        return None if data is None else self.of(revision, data)

    def known(self, make: Part | None) -> Mapping[int, Obj]:
        """The objects, or parts that `make` has made, that need not be read."""
        if not self.open:
            return {}
        return self._objects if make is None else self._parts.get(make) or {}

    def look(self, make: Part | None, revision: int, data: str = "") -> Obj | None:
        """The object of a revision, or the part that `make` makes of it; `data`: its stored form, if at hand."""
        if make is not None:
            return self.part(make, revision, data)
        return self.of(revision, data) if data else self.at(revision)

    def part(self, make: Part, revision: int, data: str = "") -> Obj | None:
        """What `make` makes of a revision's object, remembered for longer than the object."""
        known = self._parts.get(make)
        if known is None:
            known = self._parts[make] = _Recent(_PARTS)
        found = known.get(revision) if self.open else None
        if found is None:
            obj = self.look(None, revision, data)
            if obj is None:
                return None
            found = make(obj)
            if self.open:
                known.put(revision, found)
        return found


class StoredChange(Change):
    """An entry of the log, which decodes nothing that is not asked for."""

    __slots__ = ("_data", "_previous", "_views")

    def __init__(
        self, views: Views, revision: int, type_: int, resource: str, path: str, previous: int | None, data: str
    ) -> None:
        super().__init__(revision, _TYPES[type_], resource, *split_path(path), None)
        self._views = views
        self._previous = previous
        self._data = data

    @property
    def object(self) -> Obj:
        found: Obj | None = self._object
        if found is None:
            found = self._object = self._views.of(self.revision, self._data)
        return found

    def old(self) -> Obj | None:
        found: Obj | None = self._old
        if found is None and self._previous:
            found = self._old = self._views.at(self._previous)
        return found

    def part(self, make: Part) -> Obj:
        found = self._views.part(make, self.revision, self._data)
        assert found is not None
        return found

    def old_part(self, make: Part) -> Obj | None:
        return self._views.part(make, self._previous) if self._previous else None
