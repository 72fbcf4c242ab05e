"""Events: updates may create them, and what the recorders of this process make takes a short way in.

Three writes in five are Events of components. Their form is the recorder's, so of the chain in `write.py`
only what depends on the cluster is left: the namespace, quotas, and whether the name is taken. Where the
cluster has policies or webhooks they take the long way like everything else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minikctl.apimachinery import errors
from minikctl.apimachinery.managedfields import record_update
from minikctl.apimachinery.request import Obj
from minikctl.apiserver import validation
from minikctl.apiserver.admission import HOOKS, namespacelifecycle, resourcequota
from minikctl.apiserver.registry.strategy import Strategy
from minikctl.store.errors import ExistsError

if TYPE_CHECKING:
    from minikctl.apimachinery.resources import Resource
    from minikctl.apiserver.registry.context import Context

_FORMS = 256


class EventStrategy(Strategy):
    allow_create_on_update = True

    def __init__(self, resource: Resource) -> None:
        super().__init__(resource)
        # (manager, form of the event) -> its managedFields entry without the time.
        self._owned: dict[Any, Obj] = {}
        # Namespaces in which nothing stood in the way of the last event, and when that was.
        self._free: dict[str, tuple[int, int]] = {}

    def create_trusted(self, ctx: Context) -> Obj | None:
        """Store an Event of a recorder; None where it has to take the long way."""
        reader, storage = ctx.reader, ctx.server.storage
        obj: Obj = ctx.request.body
        if ctx.dry_run or reader.any_of(HOOKS):
            return None
        checks = validation.checks_of(self.key)
        store, meta = storage.store, obj["metadata"]
        store.begin()
        try:
            # What could stand in the way is neither a pod nor an Event.
            age = storage.surroundings, store.transactions
            free = self._free.get(ctx.namespace) == age
            if not free:
                namespacelifecycle.mutate(obj, None, ctx)
            meta["uid"] = ctx.rand.uid()
            meta["creationTimestamp"] = ctx.now
            meta["managedFields"] = [{**self._entry(obj, ctx), "time": ctx.now}]
            if found := checks[0](obj) if checks else []:
                raise errors.invalid(ctx.resource.group_kind, meta["name"], found)
            if not free:
                resourcequota.validate(obj, None, ctx)
                if ctx.on_commit:
                    self._charge(meta, ctx)
                else:
                    self._free[ctx.namespace] = age
            storage.insert(self.key, obj)
        except ExistsError:
            store.rollback()
            raise errors.already_exists(self.key, meta["name"]) from None
        except BaseException:
            store.rollback()
            raise
        store.commit()
        return obj

    def _charge(self, meta: Obj, ctx: Context) -> None:
        """Charge quotas for the event, which there must not be yet: what is charged is not given back."""
        if ctx.server.storage.record(self.key, meta["namespace"], meta["name"]):
            raise errors.already_exists(self.key, meta["name"])
        for function in ctx.on_commit:
            function()

    def _entry(self, obj: Obj, ctx: Context) -> Obj:
        """The managedFields entry of a new event: events with the same fields set share it."""
        parts = [obj, obj["involvedObject"], obj["source"], obj.get("related") or {}]
        key = (ctx.manager, *map(tuple, parts), *[tuple(map(bool, part.values())) for part in parts])
        found = self._owned.get(key)
        if found is None:
            if len(self._owned) >= _FORMS:
                self._owned.clear()
            new = {**obj, "metadata": dict(obj["metadata"])}
            record_update(None, new, ctx.manager, ctx.resource.api_version, "", "", ctx.server.schema(ctx.resource))
            found = self._owned[key] = new["metadata"]["managedFields"][0]
        return found


STRATEGIES = {"events": EventStrategy}
