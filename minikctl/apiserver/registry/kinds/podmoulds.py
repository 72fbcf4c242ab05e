"""Pods that controllers make by the hundred from one template: the first takes the long way, the others its form.

Between two pods of one body, in one transaction and one second, with nothing written but pods and Events, every
step of the chain in `write.py` comes to the same result: only uid, names and the name of the token volume differ.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery.request import Obj
from minikctl.apiserver.admission import HOOKS
from minikctl.apiserver.admission.serviceaccount import TOKEN_VOLUME

if TYPE_CHECKING:
    from minikctl.apiserver.registry.context import Context

_CONTAINERS = ("initContainers", "containers")


class Mould:
    """What became of one body; `cast` makes the next pod of it. Pods of one mould share what is the same in them."""

    __slots__ = ("_age", "_body", "_made", "_now", "_user", "_volume")

    def __init__(self, ctx: Context, body: Obj) -> None:
        """Made before the body takes the long way."""
        self._body = body
        self._user = ctx.user
        self._now = ctx.now
        self._age = _age(ctx)
        self._made: Obj | None = None
        self._volume = ""

    def fill(self, made: Obj, ctx: Context) -> None:
        """Take the form of a pod that has been stored, unless others of that body may come out differently."""
        drawn = _drawn_volumes(made["spec"]) - _drawn_volumes(self._body["spec"])
        if len(drawn) == 1 and not ctx.on_commit and not ctx.reader.any_of(HOOKS):
            self._made, self._volume = made, drawn.pop()

    def fits(self, ctx: Context) -> bool:
        """Whether the request's body would come out as the one before did."""
        request = ctx.request
        return (
            self._made is not None
            and request.body is self._body
            and request.user is self._user
            and ctx.now == self._now
            and not ctx.dry_run
            and _age(ctx) == self._age
        )

    def cast(self, ctx: Context) -> Obj:
        """Another pod, yet without a name."""
        assert self._made is not None
        # In the order in which the long way draws them.
        volume = TOKEN_VOLUME + ctx.rand.suffix()
        meta = {**self._made["metadata"], "uid": ctx.rand.uid(), "name": ""}
        return {**self._made, "metadata": meta, "spec": _with_volume(self._made["spec"], self._volume, volume)}


def _age(ctx: Context) -> tuple[int, int]:
    storage = ctx.server.storage
    return storage.surroundings, storage.store.transactions


def _drawn_volumes(spec: Obj) -> set[str]:
    names = {volume.get("name", "") for volume in spec.get("volumes") or ()}
    return {name for name in names if name.startswith(TOKEN_VOLUME)}


def _with_volume(spec: Obj, before: str, after: str) -> Obj:
    """The spec with a volume under another name; the rest is shared."""

    def renamed(entries: list[Obj]) -> list[Obj]:
        return [{**entry, "name": after} if entry["name"] == before else entry for entry in entries]

    changed = {**spec, "volumes": renamed(spec["volumes"])}
    for group in _CONTAINERS:
        if containers := spec.get(group):
            changed[group] = [
                {**container, "volumeMounts": renamed(container["volumeMounts"])}
                if "volumeMounts" in container
                else container
                for container in containers
            ]
    return changed
