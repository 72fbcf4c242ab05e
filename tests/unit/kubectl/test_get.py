"""get: tables, lists, watches, and the requests behind them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Kubectl = Callable[..., Any]


@pytest.fixture
def filled(kubectl: Kubectl) -> Kubectl:
    """Three config maps and a secret."""
    for name in ("c", "a", "b"):
        kubectl("create", "cm", name, f"--from-literal=n={ord(name)}")
    kubectl("label", "cm", "a", "b", "x=1")
    kubectl("create", "secret", "generic", "s")
    return kubectl


def test_tables(filled: Kubectl) -> None:
    assert filled("get", "cm", "-l", "x=1").out == "NAME   DATA   AGE\na      1      0s\nb      1      0s\n"
    assert filled("get", "cm", "b", "a", "--no-headers").out == "b     1     0s\na     1     0s\n"
    assert filled("get", "cm", "-l", "x", "-A").out.startswith("NAMESPACE   NAME   DATA   AGE\ndefault     a")
    assert filled("get", "cm/a", "secret/s").out == (
        "NAME          DATA   AGE\nconfigmap/a   1      0s\n\n"
        "NAME       TYPE     DATA   AGE\nsecret/s   Opaque   0      0s\n"
    )
    assert filled("get", "cm", "-l", "x", "-L", "x", "--show-labels").out.splitlines()[0] == (
        "NAME   DATA   AGE   X     LABELS"
    )


def test_nothing_found(filled: Kubectl) -> None:
    assert filled("get", "pods").err == "No resources found in default namespace.\n"
    assert filled("get", "pods,pv").err == "No resources found\n"
    assert filled("get", "pods", "--ignore-not-found").err == ""
    mixed = filled("get", "cm", "a", "z")
    assert mixed.status == 1
    assert mixed.out.splitlines()[1].startswith("a ")
    assert mixed.err == 'Error from server (NotFound): configmaps "z" not found\n'
    assert filled("get", "cm", "a", "z", "-o", "name", "--ignore-not-found").out == "configmap/a\n"


def test_other_formats(filled: Kubectl) -> None:
    assert filled("get", "cm", "-l", "x", "-o", "name").out == "configmap/a\nconfigmap/b\n"
    assert filled("get", "cm", "a", "-o", "jsonpath={.data}").out == '{"n":"97"}'
    assert filled("get", "cm", "-o", "custom-columns=N:.data.n", "--sort-by=.data.n", "-l", "x").out == "N\n97\n98\n"
    assert filled("get", "cm", "-l", "none=x", "-o", "json").out == (
        '{\n    "apiVersion": "v1",\n    "items": [],\n    "kind": "List",\n    "metadata": {\n'
        '        "resourceVersion": ""\n    }\n}\n'
    )
    assert filled("get", "cm", "-o", "nonsense").err.startswith(
        'error: unable to match a printer suitable for the output format "nonsense", allowed formats are: '
        "custom-columns,custom-columns-file,go-template,"
    )
    assert filled("get", "cm", "a", "-o", "jsonpath={.x").err.startswith("error: error parsing jsonpath {.x, ")


def test_sorting(filled: Kubectl) -> None:
    rows = filled("get", "cm", "--sort-by=.metadata.name", "--no-headers").out.splitlines()
    assert [row.split()[0] for row in rows][:3] == ["a", "b", "c"]
    missing = 'error: couldn\'t find any field with path "{.nothing}" in the list of objects\n'
    assert filled("get", "cm", "-o", "name", "--sort-by=.nothing").err == missing
    # A table that cannot be sorted is not shown; several tables are sorted themselves, by fields of theirs.
    assert filled("get", "cm", "--sort-by=.nothing").err == "No resources found in default namespace.\n"
    assert filled("get", "cm", "-A", "-l", "x=1", "--sort-by=.nothing").err == "No resources found\n"
    assert filled("get", "cm,secret", "--sort-by=.nothing").err == missing
    assert (
        filled("get", "secret", "--sort-by=.nothing").out == "NAME   TYPE     DATA   AGE\ns      Opaque   0      0s\n"
    )
    several = filled("get", "cm/b", "secret/s", "cm/a", "--sort-by=.metadata.resourceVersion", "--no-headers")
    assert [row.split()[0] for row in several.out.splitlines()] == ["configmap/a", "configmap/b", "secret/s"]
    assert filled("get", "cm", "--sort-by=.data", "-A").err.endswith("unsortable type: map[string]interface {}\n")


def test_names_of_formats_in_capitals(filled: Kubectl) -> None:
    assert filled("get", "cm", "a", "-o", "NAME").out == "configmap/a\n"
    assert filled("get", "cm", "a", "-o", "Yaml").out == filled("get", "cm", "a", "-o", "yaml").out
    assert filled("get", "cm", "a", "-o", "WIDE").status == 1
    assert filled("create", "cm", "d", "--dry-run=client", "-o", "JSON").out.startswith('{\n    "kind": "ConfigMap"')
    assert filled("api-resources", "-o", "KYAML").out.startswith('---\n{\n  kind: "APIResourceList"')
    assert filled("api-resources", "-o", "NAME").status == 1


def test_objects_of_files(filled: Kubectl) -> None:
    nameless = '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"labels": {"a": "b"}}}'
    assert filled("get", "-f", "-", "--show-labels", stdin=nameless).out == (
        "NAME   AGE         LABELS\n       <unknown>   a=b\n"
    )
    named = '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}'
    assert filled("get", "-f", "-", "-A", stdin=named).err == (
        'no namespace set on resource /v1, Resource=configmaps "a"\n'
    )
    assert filled("get", "-f", "-", "-n", "nowhere", stdin=named).err == (
        'Error from server (NotFound): namespaces "nowhere" not found\n'
    )
    assert filled("describe", "-f", "-", "-n", "nowhere", stdin=named).err == (
        'Error from server (NotFound): configmaps "a" not found\n'
    )
    assert filled("get", "-f", "-", "-l", "x=1", "-o", "name", stdin=named).out == "configmap/a\n"
    assert filled("get", "-f", "-", "-l", "x=1", stdin=named).err == "No resources found in default namespace.\n"
    assert filled("get", "cm,").err == 'error: the server doesn\'t have a resource type ""\n'


def test_custom_columns_print_what_they_can(filled: Kubectl) -> None:
    result = filled("get", "cm", "-o", "custom-columns=A:.metadata.name,B:.data[")
    assert (result.status, result.out) == (1, "A     B\n")
    assert filled("get", "cm", "-o", "custom-columns-file=/none").err == (
        "error: error reading template /none, open /none: no such file or directory\n"
    )


def test_requests_are_logged_and_chunked(filled: Kubectl) -> None:
    log = filled("get", "cm", "-v=6").err
    assert '/api/v1/namespaces/default/configmaps?limit=500" status="200 OK" milliseconds=' in log
    paged = filled("get", "cm", "--chunk-size=2", "-v=6", "-o", "name")
    assert paged.out.count("\n") == len(set(paged.out.split()))
    assert paged.err.count("limit=2") >= 2
    assert '"Response Body" body=<\n\t{"kind":"ConfigMap"' in filled("get", "cm", "a", "-v=8", "-o", "name").err


def test_watching_ends_where_time_stands_still(filled: Kubectl) -> None:
    result = filled("get", "cm", "-w", "-l", "x")
    assert (result.status, result.out.count("\n")) == (0, 3)
    events = filled("get", "cm", "a", "-w", "--output-watch-events", "-o", "jsonpath={.type} {.object.metadata.name};")
    assert events.out == "ADDED a;"
    line = filled("get", "cm", "a", "-w", "--output-watch-events", "-o", "json").out
    assert line.startswith('{"type":"ADDED","object":{"apiVersion":"v1","data":{"n":"97"},"kind":"ConfigMap"')
    assert line.count("\n") == 1
    assert "managedFields" not in line
    assert filled("get", "cm", "a", "-w", "--output-watch-events", "-o", "name").out == "configmap/a\n"


def test_what_cannot_be_watched(filled: Kubectl) -> None:
    assert filled("get", "cm,secret", "-w").err == "error: you may only specify a single resource type\n"
    assert "more than 1 resource was found" in filled("get", "cm/a", "secret/s", "-w").err
    two = filled("get", "cm", "a", "b", "-w")
    assert (two.status, two.out.count("\n")) == (1, 3)
    assert two.err == "error: you may only watch a single resource or type of resource at a time\n"
    missing = filled("get", "cm", "z", "-w", "--ignore-not-found")
    assert (missing.status, missing.err) == (0, "")


def test_who_asks_matters(filled: Kubectl) -> None:
    result = filled("get", "cm", "--as=nobody")
    assert result.err == (
        'Error from server (Forbidden): configmaps is forbidden: User "nobody" cannot list resource "configmaps" in '
        'API group "" in the namespace "default"\n'
    )


def test_get_without_a_type(kubectl: Kubectl) -> None:
    result = kubectl("get")
    assert result.status == 1
    assert result.err.startswith("You must specify the type of resource to get. Use ")
    assert result.err.endswith("See 'kubectl get -h' for help and examples\n")


def test_raw(kubectl: Kubectl) -> None:
    assert kubectl("get", "--raw", "/livez").out == "ok"
    assert '"gitVersion":"v1.36.2"' in kubectl("get", "--raw", "/version").out.replace(" ", "")
    assert kubectl("get", "--raw", "/x", "pods").err == "error: arguments may not be passed when --raw is specified\n"
