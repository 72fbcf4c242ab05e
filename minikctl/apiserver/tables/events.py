"""Rows of events, in the core or the events.k8s.io form."""

from __future__ import annotations

from typing import Any

from minikctl.apiserver.tables.cells import Obj, define, name, since


def _source(obj: Obj) -> str:
    source = obj.get("source") or obj.get("deprecatedSource") or {}
    component = source.get("component") or obj.get("reportingComponent") or obj.get("reportingController") or ""
    instance = source.get("host") or obj.get("reportingInstance") or ""
    return f"{component}, {instance}" if instance else component


def _event(obj: Obj, now: float) -> list[Any]:
    first_time = obj.get("firstTimestamp") or obj.get("deprecatedFirstTimestamp") or obj.get("eventTime")
    last_time = obj.get("lastTimestamp") or obj.get("deprecatedLastTimestamp") or first_time
    count = obj.get("count") or obj.get("deprecatedCount") or 1
    series = obj.get("series")
    if series is not None:
        last_time = series.get("lastObservedTime")
        count = series.get("count", 0)
    target = obj.get("involvedObject") or obj.get("regarding") or {}
    about = target.get("kind", "").lower()
    if target.get("name"):
        about = f"{about}/{target['name']}"
    return [
        since(last_time, now),
        obj.get("type", ""),
        obj.get("reason", ""),
        about,
        target.get("fieldPath", ""),
        _source(obj),
        (obj.get("message") or obj.get("note") or "").strip(),
        since(first_time, now),
        count,
        name(obj),
    ]


_COLUMNS = define(
    "Last Seen",
    "Type",
    "Reason",
    "Object",
    "Subobject+",
    "Source+",
    "Message",
    "First Seen+",
    "Count+",
    "Name+",
)

TABLES = {"events": (_COLUMNS, _event), "events.events.k8s.io": (_COLUMNS, _event)}
