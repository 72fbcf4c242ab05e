"""Collects the text of a description and aligns it: levels of two blanks, cells ended by tabs.

Every describer writes through it. Upstream counterpart: the PrefixWriter of kubectl's describe
package over a tabwriter with two blanks of padding.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from minikctl.apimachinery.clock import parse_time
from minikctl.apimachinery.duration import human
from minikctl.printers.tabwriter import align

NONE = "<none>"
UNSET = "<unset>"
UNKNOWN = "<unknown>"

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
ANNOTATION_WIDTH = 140
_ZERO_TIME = "Mon, 01 Jan 0001 00:00:00 +0000"


class Writer:
    """A description in the making. A nested writer puts its indent before every piece, as upstream's does."""

    __slots__ = ("_indent", "_parts")

    def __init__(self, parts: list[str] | None = None, indent: int = 0) -> None:
        self._parts: list[str] = [] if parts is None else parts
        self._indent = indent

    def nested(self, indent: int) -> Writer:
        """A writer into the same description, `indent` levels deeper."""
        return Writer(self._parts, self._indent + indent)

    def write(self, text: str, level: int = 0) -> None:
        """A piece of a line, or a whole one that ends in a newline."""
        self._parts.append("  " * (level + self._indent) + text)

    def line(self, text: str, level: int = 0) -> None:
        """A line."""
        self._parts.append("  " * (level + self._indent) + text + "\n")

    def end(self, text: str = "") -> None:
        """The rest of a line begun before."""
        self._parts.append("  " * self._indent + text + "\n")

    def field(self, label: str, value: object, level: int = 0) -> None:
        """A line with a label and its value."""
        self._parts.append(f"{'  ' * (level + self._indent)}{label}:\t{value}\n")

    def row(self, *cells: object, level: int = 0) -> None:
        """A line of a table."""
        self.line("\t".join([str(cell) for cell in cells]), level)

    def heading(self, *titles: str, level: int = 0) -> None:
        """The titles of a table, underlined."""
        self.row(*titles, level=level)
        self.row(*["-" * len(title) for title in titles], level=level)

    def labels(self, title: str, labels: Mapping[str, str] | None, indent: str = "") -> None:
        """Labels, one per line, sorted."""
        self.lines(title, [f"{key}={labels[key]}" for key in sorted(labels)] if labels else (), indent)

    def lines(self, title: str, values: Iterable[str], indent: str = "") -> None:
        """A label and its values below each other; `<none>` without any."""
        self.write(f"{indent}{title}:\t")
        first = True
        for value in values:
            if not first:
                self.write(indent)
                self.write("\t")
            first = False
            self.line(value)
        if first:
            self.end(NONE)

    def annotations(self, title: str, annotations: Mapping[str, str] | None) -> None:
        """Annotations, long ones broken and cut; never what `apply` keeps there."""
        self.write(f"{title}:\t")
        first = True
        for key in sorted(annotations or ()):
            if key == _LAST_APPLIED:
                continue
            if not first:
                self.write("\t")
            first = False
            value = (annotations or {})[key].removesuffix("\n")
            if len(value.encode()) + len(key) + 2 > ANNOTATION_WIDTH or "\n" in value:
                self.line(f"{key}:")
                for part in value.split("\n"):
                    self.line(f"\t  {shorten(part, ANNOTATION_WIDTH - 2)}")
            else:
                self.line(f"{key}: {value}")
        if first:
            self.end(NONE)

    def conditions(self, conditions: Iterable[Mapping[str, Any]] | None, *fields: str, gap: str = "") -> None:
        """The rows of a table of conditions: type, status and more fields; times as dates.

        `gap` stands between a cell and its tab.
        """
        for condition in conditions or ():
            cells = [
                date(condition.get(field)) if field.endswith("Time") else condition.get(field) or ""
                for field in ("type", "status", *fields)
            ]
            self.line(f"{gap}\t".join(cells), 1)

    def text(self) -> str:
        """The description with its columns aligned and control characters made visible."""
        text = "".join(self._parts)
        if "\x1b" in text or "\r" in text:
            text = text.replace("\x1b", "^[").replace("\r", "\\r")
        return align(text, 0, 2)


def shorten(text: str, width: int) -> str:
    """At most `width` bytes, with dots where something was cut."""
    if text.isascii():
        return f"{text[:width]}..." if len(text) > width else text
    encoded = text.encode()
    return encoded[:width].decode(errors="replace") + "..." if len(encoded) > width else text


def head(obj: Mapping[str, Any], namespaced: bool = True) -> Writer:
    """A writer that begins as most descriptions do: name, namespace, labels, annotations."""
    out = Writer()
    metadata = obj["metadata"]
    out.field("Name", metadata["name"])
    if namespaced:
        out.field("Namespace", metadata.get("namespace", ""))
    out.labels("Labels", metadata.get("labels"))
    out.annotations("Annotations", metadata.get("annotations"))
    return out


def date(text: str | None) -> str:
    """A timestamp as RFC 1123 has it, in local time: `Mon, 02 Jan 2006 15:04:05 -0700`."""
    if not text:
        return _ZERO_TIME
    return time.strftime("%a, %d %b %Y %H:%M:%S %z", time.localtime(parse_time(text)))


def since(text: str | None, now: float) -> str:
    """How long ago a timestamp was; `<unknown>` without one."""
    return human(now - parse_time(text)) if text else UNKNOWN


def flat(labels: Mapping[str, str] | None) -> str:
    """Labels in one line: `a=b,c=d`; `<none>` without any."""
    return ",".join(sorted([f"{key}={value}" for key, value in labels.items()])) if labels else NONE


def boolean(value: object) -> str:
    """A boolean as Go prints it."""
    return "true" if value else "false"


def title_boolean(value: object) -> str:
    """A boolean as True or False; `<unset>` for None."""
    if value is None:
        return UNSET
    return "True" if value else "False"


def go_list(values: Iterable[object] | None) -> str:
    """A list of strings as Go prints it: `[a b]`."""
    return "[" + " ".join([str(value) for value in values or ()]) + "]"


def controlled_by(out: Writer, obj: Mapping[str, Any]) -> None:
    """The line with the controller of an object, if it has one."""
    for reference in obj["metadata"].get("ownerReferences") or ():
        if reference.get("controller"):
            out.field("Controlled By", f"{reference['kind']}/{reference['name']}")
            return
