"""get -w: prints objects, then their changes as the cluster runs on.

Cluster time jumps to due work as long as there is something to see; when nothing has changed for a
while, time goes on with the wall clock, until the command is interrupted. Upstream counterpart: the watch
part of kubectl's `pkg/cmd/get`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery.request import Obj
from minikctl.kubectl.errors import Exit, KubectlError, raise_all, without_not_found
from minikctl.kubectl.info import Info
from minikctl.kubectl.printing import without_managed_fields
from minikctl.printers.jsonout import compact, string

if TYPE_CHECKING:
    from minikctl.kubectl.cmd.get import GetOptions

_QUIET_SECONDS = 120.0

Show = Callable[[Obj, str], None]


def watch(options: GetOptions) -> None:
    """Run `get --watch` or `--watch-only`."""
    flags = options.flags
    builder = options.builder().keep_lists().single_type().subresource("")
    if options.table and flags["server-print"]:
        builder.tables()
    infos, errors = builder.gather()
    if flags["ignore-not-found"]:
        errors = without_not_found(errors)
        if not infos and not errors:
            return
    raise_all(errors)
    if len({info.row for info in infos}) > 1:
        raise _too_many("more than 1 resource was found")
    show = _table_show(options, infos[0]) if options.table else _object_show(options)
    if not flags["watch-only"]:
        for info in infos:
            for obj in _items(info):
                show(obj, "ADDED")
    if len(infos) > 1 and infos[0].source:
        raise _too_many(f"{len(infos)} resources were found")
    if len(infos) > 1 and infos[0].name:
        raise KubectlError("you may only watch a single resource or type of resource at a time")
    _follow(options, infos[-1], show)


def _too_many(found: str) -> KubectlError:
    return KubectlError(f"watch is only supported on individual resources and resource collections - {found}")


def _items(info: Info) -> list[Obj]:
    obj = info.obj
    if obj.get("kind") != "Table" and isinstance(obj.get("items"), list):
        items: list[Obj] = obj["items"]
        return items
    return [obj]


def _table_show(options: GetOptions, info: Info) -> Show:
    from minikctl.kubectl.cmd.get import local_table

    printer = options.table_printer()
    all_namespaces = options.flags["all-namespaces"]
    printer.begin(info.row.group_kind if options.flags["show-kind"] else "", all_namespaces and info.row.namespaced)
    with_events = options.flags["output-watch-events"]

    def show(obj: Obj, event: str) -> None:
        table = obj if obj.get("kind") == "Table" else local_table(options, [obj])
        printer.add(table, event if with_events else "")
        printer.flush()
        options.factory.streams.out.flush()

    return show


def _object_show(options: GetOptions) -> Show:
    print_object = options.printer()
    events = options.flags["output-watch-events"] and options.output.lower() != "name"
    as_json = events and options.output.lower() == "json"

    def show(obj: Obj, event: str) -> None:
        if as_json:  # an event takes one line
            shown = obj if options.flags["show-managed-fields"] else without_managed_fields(obj)
            options.factory.out(f'{{"type":{string(event)},"object":{compact(shown)}}}')
        else:
            print_object({"type": event, "object": obj} if events else obj)
        options.factory.streams.out.flush()

    return show


def _follow(options: GetOptions, info: Info, show: Show) -> None:
    cluster = options.factory.cluster
    since = (info.obj.get("metadata") or {}).get("resourceVersion") or "0"
    last_event = cluster.present()
    while True:
        cluster.settle()
        events, since = _events(options, info, since)
        for event in events:
            show(event["object"], event["type"])
        now = cluster.present()
        if events:
            last_event = now
        if now - last_event < _QUIET_SECONDS:
            if cluster.wait(last_event + _QUIET_SECONDS):
                continue
            last_event = now - _QUIET_SECONDS
        elif not cluster.wait(now + 1.0) and cluster.clock.frozen_at is not None:
            raise Exit(0)  # time stands still: nothing will ever come


def _events(options: GetOptions, info: Info, since: str) -> tuple[list[Obj], str]:
    """The events since a resourceVersion, and the version to go on from."""
    flags = options.flags
    request: dict[str, Any] = {"resourceVersion": since}
    for name, wire in (("selector", "labelSelector"), ("field-selector", "fieldSelector")):
        if flags[name]:
            request[wire] = flags[name]
    accept = "table" if options.table and flags["server-print"] else "object"
    client = options.factory.client
    answer = client.request("watch", info.row, namespace=info.namespace, name=info.name, accept=accept, options=request)
    events = list(answer)
    for event in events:
        obj = event["object"]
        metadata = obj.get("metadata") or {}
        if obj.get("kind") == "Table" and obj.get("rows"):
            metadata = obj["rows"][0]["object"]["metadata"]
        since = metadata.get("resourceVersion") or since
    return events, since
