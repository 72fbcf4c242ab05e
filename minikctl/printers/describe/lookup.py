"""What a describer may ask for beside the object itself: other objects, and the events about it.

kubectl's `describe` command implements this with its client; tests with a few dicts. Upstream
counterpart: the clientset and the DescriberSettings that every describer holds.
"""

from __future__ import annotations

from typing import Any, Protocol

Obj = dict[str, Any]
Objects = list[Obj]


class Lookup(Protocol):
    """Reads of other objects; `get` and `list` raise StatusError."""

    def get(self, resource: str, name: str, namespace: str = "") -> Obj:
        """One object."""

    def list(self, resource: str, namespace: str = "", label_selector: str = "", field_selector: str = "") -> Objects:
        """All objects that match."""

    def events(self, obj: Obj, kind: str | None = None, uid: str | None = None) -> Objects | None:
        """The events about an object, None when none are to be shown.

        `kind` and `uid` replace the object's own; an empty kind asks for events whatever kind they name.
        """
