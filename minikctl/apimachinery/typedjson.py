"""JSON texts read into types, as Go's encoding/json reads them into structs.

A reader takes a JSON value and gives what Go would hold of it, or raises Mismatch where it does not fit. Names of
fields count in any case, unknown fields and nulls are nothing, and a null in a list is an empty value. The types are
internal ones, whose fields have no names in JSON and are told of by those in Go.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from minikctl.apimachinery import quantity
from minikctl.apimachinery.clock import parse_time
from minikctl.apimachinery.gonumbers import parse_int
from minikctl.apimachinery.jsonsyntax import json_problem, json_type


class Mismatch(ValueError):
    """A value is not of the type that is wanted; `where` is the Go struct and the field it is in, if it is in one."""

    def __init__(self, found: str, wanted: str, where: str = "") -> None:
        super().__init__(found, wanted, where)
        self.found, self.wanted, self.where = found, wanted, where

    def __str__(self) -> str:
        into = f"struct field {self.where}" if self.where else "value"
        return f"json: cannot unmarshal {self.found} into Go {into} of type {self.wanted}"


class Reader:
    """Reads values of one Go type."""

    def __init__(self, go: str, read_value: Callable[[Any], Any]) -> None:
        self.go = go
        self.read = read_value


class _Number(str):
    """A number as it is written."""


def read(text: str, reader: Reader) -> Any:
    """What a text says; ValueError in Go's words if that is not JSON, or JSON of another form."""
    if problem := json_problem(text):
        raise ValueError(problem)
    try:
        return reader.read(json.loads(text, parse_int=_Number, parse_float=_Number))
    except RecursionError:
        raise ValueError("exceeded max depth") from None


def _kind(value: Any) -> str:
    return "number" if isinstance(value, _Number) else json_type(value)


def named_string(go: str) -> Reader:
    """A string type with a name of its own."""

    def read_string(value: Any) -> str:
        if not isinstance(value, str | None) or isinstance(value, _Number):
            raise Mismatch(_kind(value), go)
        # Halves of surrogate pairs, which UTF-8 cannot write, are replaced.
        return (value or "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    return Reader(go, read_string)


def _integer(bits: int) -> Reader:
    go = f"int{bits}"

    def read_integer(value: Any) -> int:
        if value is None:
            return 0
        if not isinstance(value, _Number):
            raise Mismatch(_kind(value), go)
        number = parse_int(value, bits)
        if number is None:
            raise Mismatch(f"number {value}", go)
        return number

    return Reader(go, read_integer)


def _read_amount(value: Any) -> str:
    if isinstance(value, bool | list | dict):
        raise Mismatch(_kind(value), "resource.Quantity")
    return "0" if value is None else quantity.canonical(str(value))


def _read_moment(value: Any) -> str | None:
    if value is None:
        return None
    text: str = string.read(value)
    parse_time(text)
    return text


def many(reader: Reader) -> Reader:
    """A list of what a reader reads."""
    go = f"[]{reader.go}"

    def read_all(value: Any) -> list[Any]:
        if not isinstance(value, list | None):
            raise Mismatch(_kind(value), go)
        return [reader.read(item) for item in value or ()]

    return Reader(go, read_all)


def _read_strings(value: Any) -> dict[str, str]:
    if not isinstance(value, dict | None):
        raise Mismatch(_kind(value), "map[string]string")
    return {key: string.read(item) for key, item in (value or {}).items()}


def struct(go: str, **readers: Reader) -> Reader:
    """An object with fields of these names."""
    names = {name.lower(): name for name in readers}
    short = go.rpartition(".")[2]

    def read_fields(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict | None):
            raise Mismatch(_kind(value), go)
        found = {}
        for key, item in (value or {}).items():
            name = names.get(key.lower())
            if name is None or item is None:
                continue
            try:
                found[name] = readers[name].read(item)
            except Mismatch as problem:
                struct_, _, inner = problem.where.partition(".")
                path = f"{name[0].upper()}{name[1:]}" + (f".{inner}" if inner else "")
                raise Mismatch(problem.found, problem.wanted, f"{struct_ or short}.{path}") from None
        return found

    return Reader(go, read_fields)


string = named_string("string")
int32, int64 = _integer(32), _integer(64)
amount = Reader("resource.Quantity", _read_amount)  # may be written as a number
moment = Reader("time.Time", _read_moment)
strings_by_key = Reader("map[string]string", _read_strings)
LABEL_SELECTOR = struct(
    "v1.LabelSelector",
    matchLabels=strings_by_key,
    matchExpressions=many(
        struct("v1.LabelSelectorRequirement", key=string, operator=string, values=many(string)),
    ),
)
