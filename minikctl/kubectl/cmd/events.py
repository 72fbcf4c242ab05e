"""kubectl events: lists events by time, of a namespace, everywhere, or of one object.

Upstream counterpart: kubectl's `pkg/cmd/events`.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.clock import parse_time
from minikctl.apimachinery.duration import human
from minikctl.apimachinery.request import Obj
from minikctl.kubectl.command import Command, Options
from minikctl.kubectl.errors import KubectlError, NoResourceType
from minikctl.kubectl.flags import BOOL, STRING, STRING_SLICE, Flag, quote
from minikctl.kubectl.flagsets import ALL_NAMESPACES, CHUNK_SIZE, NO_HEADERS, PRINT

FLAGS = (
    *PRINT,
    ALL_NAMESPACES,
    CHUNK_SIZE,
    NO_HEADERS,
    Flag("for", "", STRING, "", "Filter events to only those pertaining to the specified resource."),
    Flag("types", "", STRING_SLICE, [], "Output only events of given types."),
    Flag("watch", "w", BOOL, False, "After listing the requested events, watch for more events."),
)
_QUIET_SECONDS = 120.0


class EventsOptions(Options):
    """Which events to show."""

    def complete(self, args: list[str]) -> None:
        flags = self.flags
        self.selector = ""
        if flags["for"]:
            kind, slash, name = flags["for"].partition("/")
            if "/" in name:
                raise KubectlError("arguments in resource/name form may not have more than one slash")
            if not slash:
                raise KubectlError("--for must be in resource/name form")
            row = self.factory.resources.resolve(kind)
            if row is None:
                raise NoResourceType(f"the server doesn't have a resource type {quote(kind.partition('.')[0])}")
            self.selector = f"involvedObject.kind={row.kind},involvedObject.name={name}"
        self.types = [name.lower() for name in flags["types"]]
        self.everywhere: bool = flags["all-namespaces"]
        self.namespace = "" if self.everywhere else self.factory.namespace

    def validate(self) -> None:
        if any(name not in ("normal", "warning") for name in self.types):
            raise KubectlError("valid --types are Normal or Warning")

    def run(self) -> None:
        found, version = self._list()
        found.sort(key=event_time)
        self._widths: list[int] = []
        self._headed = self.flags["no-headers"]
        if self.flags["watch"]:
            for event in found:
                self._show([event])
            self._follow(version)
        elif found:
            self._show(found)
        elif self.everywhere:
            self.factory.err("No events found.")
        else:
            self.factory.err(f"No events found in {self.namespace} namespace.")

    def _list(self) -> tuple[list[Obj], str]:
        found: list[Obj] = []
        token = ""
        while True:
            page = self.factory.client.list(
                "events",
                self.namespace,
                field_selector=self.selector,
                limit=self.flags["chunk-size"],
                continue_=token,
            )
            found.extend(event for event in page.get("items") or () if self._wanted(event))
            token = page["metadata"].get("continue", "")
            if not token:
                return found, page["metadata"]["resourceVersion"]

    def _wanted(self, event: Obj) -> bool:
        return not self.types or event.get("type", "").lower() in self.types

    def _follow(self, version: str) -> None:
        """Print new events: while something happens in cluster time, then as the wall clock goes."""
        cluster = self.factory.cluster
        last = cluster.present()
        options: dict[str, Any] = {"fieldSelector": self.selector} if self.selector else {}
        while True:
            cluster.settle()
            events = list(self.factory.client.watch("events", version, self.namespace, **options))
            for event in events:
                version = event["object"]["metadata"]["resourceVersion"]
                if event["type"] != "DELETED" and self._wanted(event["object"]):
                    self._show([event["object"]])
            self.factory.streams.out.flush()
            now = cluster.present()
            last = now if events else last
            if now - last < _QUIET_SECONDS:
                if not cluster.wait(last + _QUIET_SECONDS):
                    last = now - _QUIET_SECONDS
            elif not cluster.wait(now + 1.0) and cluster.clock.frozen_at is not None:
                return  # time stands still: nothing will ever come

    def _show(self, events: list[Obj]) -> None:
        if self.flags["output"]:
            from minikctl.kubectl.typedprinting import typed_printer

            if self.flags["output"].lower() == "name" and not self.flags["watch"]:
                return  # kubectl's printer of names refuses typed lists, which nobody hears of
            show = typed_printer(self.flags, self.factory.streams.out, "events")
            typed = [{"kind": "Event", "apiVersion": "v1", **event} for event in events]
            if self.flags["watch"]:
                show(typed[0])
            else:
                show({"kind": "EventList", "apiVersion": "v1", "metadata": {}, "items": typed})
            return
        from minikctl.printers.tabwriter import align_rows

        rows = [] if self._headed else [[*self._namespace_cell("NAMESPACE"), *_TITLES]]
        self._headed = True
        now = self.factory.now()
        rows += [
            [*self._namespace_cell(event["metadata"].get("namespace", "")), *cells(event, now)] for event in events
        ]
        self.factory.streams.out.write(align_rows(rows, 6, 3, self._widths))

    def _namespace_cell(self, text: str) -> list[str]:
        return [text] if self.everywhere else []


_TITLES = ("LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE")


def event_time(event: Obj) -> float:
    """The time an event is sorted by."""
    series = event.get("series")
    text = (series or {}).get("lastObservedTime") or event.get("lastTimestamp") or event.get("eventTime")
    return parse_time(text) if text else 0.0


def cells(event: Obj, now: float) -> list[str]:
    """One line of the table."""
    about = event["involvedObject"]
    return [
        last_seen(event, now),
        event.get("type", ""),
        event.get("reason", ""),
        f"{about.get('kind', '')}/{about.get('name', '')}",
        event.get("message", "").strip(),
    ]


def last_seen(event: Obj, now: float) -> str:
    """How long ago, and how often in how long a time."""
    first = _since(event.get("eventTime") or event.get("firstTimestamp"), now)
    series = event.get("series")
    if series:
        return f"{_since(series.get('lastObservedTime'), now)} (x{series.get('count', 0)} over {first})"
    if event.get("count", 0) > 1:
        return f"{_since(event.get('lastTimestamp'), now)} (x{event['count']} over {first})"
    return first


def _since(text: str | None, now: float) -> str:
    return human(now - parse_time(text)) if text else "<unknown>"


COMMAND = Command(
    "events [(-o|--output=)json|yaml|kyaml|name|go-template|go-template-file|template|templatefile|jsonpath|"
    "jsonpath-as-json|jsonpath-file] [--for TYPE/NAME] [--watch] [--types=Normal,Warning]",
    EventsOptions,
    FLAGS,
    long="""
Display events.

 Prints a table with what matters most about events: those of a namespace, of all namespaces, or those that concern
one resource.
""",
    example="""
        # List recent events in the default namespace
        kubectl events

        # List recent events in all namespaces
        kubectl events --all-namespaces

        # List recent events for the specified pod, then wait for more events and list them as they arrive
        kubectl events --for pod/web-pod-13je7 --watch

        # List recent events in YAML format
        kubectl events -oyaml

        # List recent only events of type 'Warning' or 'Normal'
        kubectl events --types=Warning,Normal
        """,
)
