"""The Events section that ends most descriptions.

Upstream counterpart: DescribeEvents in kubectl's describe package.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.clock import parse_time
from minikctl.printers.describe.lookup import Lookup
from minikctl.printers.describe.writer import Writer, since

Obj = dict[str, Any]


def finish(out: Writer, obj: Obj, lookup: Lookup, now: float) -> str:
    """The text of a description that ends with the events about its object."""
    describe_events(out, lookup.events(obj), now)
    return out.text()


def describe_events(out: Writer, events: list[Obj] | None, now: float) -> None:
    """The table of events, the oldest first; nothing for None."""
    if events is None:
        return
    if not events:
        out.field("Events", "<none>")
        return
    out.line("Events:")
    out.row("Type", "Reason", "Age", "From", "Message", level=1)
    out.row("----", "------", "----", "----", "-------", level=1)
    for event in sorted(events, key=_last_seen):
        message = (event.get("message") or "").strip()
        field_path = (event.get("involvedObject") or {}).get("fieldPath")
        out.row(
            event.get("type") or "",
            event.get("reason") or "",
            _interval(event, now),
            (event.get("source") or {}).get("component") or event.get("reportingComponent") or "",
            f"{field_path}: {message}" if field_path else message,
            level=1,
        )


def _last_seen(event: Obj) -> float:
    text = event.get("lastTimestamp")
    return parse_time(text) if text else float("-inf")


def _interval(event: Obj, now: float) -> str:
    first = since(event.get("eventTime") or event.get("firstTimestamp"), now)
    series = event.get("series")
    if series is not None:
        return f"{since(series.get('lastObservedTime'), now)} (x{series.get('count') or 0} over {first})"
    count = event.get("count") or 0
    if count > 1:
        return f"{since(event.get('lastTimestamp'), now)} (x{count} over {first})"
    return first
