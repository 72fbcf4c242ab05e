"""Custom columns."""

from __future__ import annotations

from typing import Any

import pytest

from minikctl.printers.customcolumns import CustomColumns, from_spec, from_template
from minikctl.printers.jsonpath import JSONPathError

SPEC = {"c": [{"i": "p"}, {"i": "q"}], "z": None}
POD = {"kind": "Pod", "metadata": {"name": "a", "labels": {"x": "1"}}, "spec": SPEC}


def printed(printer: CustomColumns, *objects: Any) -> str:
    out: list[str] = []
    for obj in objects:
        printer(obj, out.append)
    return "".join(out)


def test_columns() -> None:
    printer = from_spec("NAME:.metadata.name,IMAGES:.spec.c[*].i,LABELS:metadata.labels,NO:{.spec.no},NULL:.spec.z")
    assert printed(printer, {"kind": "List", "items": [POD, POD]}) == (
        "NAME   IMAGES   LABELS     NO       NULL\n"
        "a      p,q      map[x:1]   <none>   <nil>\n"
        "a      p,q      map[x:1]   <none>   <nil>\n"
    )


def test_headers_come_once() -> None:
    assert printed(from_spec("N:.metadata.name"), POD, POD) == "N\na\na\n"
    assert printed(from_spec("N:.metadata.name", no_headers=True), POD) == "a\n"
    assert printed(from_spec("N:.metadata.name"), {"kind": "List", "items": []}) == "N\n"


def test_file() -> None:
    assert printed(from_template("NAME  KIND\n.metadata.name {kind}\n"), POD) == "NAME   KIND\na      Pod\n"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("NAME", "unexpected custom-columns spec: NAME, expected <header>:<json-path-expr>"),
        ("A:{a}{b}", "unexpected path string, expected a 'name1.name2'"),
    ],
)
def test_bad_specifications(spec: str, message: str) -> None:
    with pytest.raises(JSONPathError) as error:
        from_spec(spec)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "invalid template, missing header line."),
        ("A\n", "invalid template, missing spec line."),
        ("A B\n.a\n", "number of headers (2) and field specifications (1) don't match"),
    ],
)
def test_bad_templates(text: str, message: str) -> None:
    with pytest.raises(JSONPathError) as error:
        from_template(text)
    assert str(error.value).startswith(message)
