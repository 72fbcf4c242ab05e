"""Following one object: every change it goes through while the cluster runs, in order.

For rollout status, wait, run and the like. Changes between two looks happen in one settle, so they are
read from the change log. Upstream counterpart: client-go's `watchtools.UntilWithSync`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import Obj
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.info import Info

if TYPE_CHECKING:
    from minikctl.kubectl.factory import Factory

FOREVER = 168 * 3600.0


class TimedOut(KubectlError):
    """The awaited did not come in time."""

    def __init__(self, message: str = "timed out waiting for the condition") -> None:
        super().__init__(message)


def follow(factory: Factory, info: Info, timeout: float) -> Iterator[Obj]:
    """Watch events of one object: ADDED as it is now, then each change until `timeout` (cluster time).

    An object that is not there gives nothing until it is created. A timeout of 0 is none; at the end
    TimedOut is raised.
    """
    cluster = factory.cluster
    deadline = cluster.present() + (timeout or FOREVER)
    seen, found = _look(factory, info)
    yield from found
    cluster.settle()
    while True:
        try:
            events = list(factory.client.watch(info.row, seen, info.namespace, info.name))
        except StatusError as error:
            if error.reason not in ("Expired", "Gone"):
                raise
            seen, found = _look(factory, info)
            yield from found
        else:
            for event in events:
                seen = event["object"]["metadata"]["resourceVersion"]
                yield event
        if not cluster.wait(deadline):
            raise TimedOut


def _look(factory: Factory, info: Info) -> tuple[str, list[Obj]]:
    """The revision of the look, and the object as an ADDED event where it is there."""
    page = factory.client.list(info.row, info.namespace, field_selector=f"metadata.name={info.name}")
    items = page.get("items") or []
    for obj in items:
        obj.setdefault("apiVersion", info.row.api_version)
        obj.setdefault("kind", info.row.kind)
    return page["metadata"]["resourceVersion"], [{"type": "ADDED", "object": obj} for obj in items]
