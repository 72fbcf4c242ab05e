"""The writer under all descriptions: columns, labels, annotations, times."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from minikctl.printers.describe.generic import smart_label, split_camel_case
from minikctl.printers.describe.writer import Writer, date, flat, go_list, shorten, since, title_boolean


def test_columns_end_where_a_line_has_no_tab() -> None:
    out = Writer()
    out.field("Name", "web")
    out.field("A longer label", 1)
    out.line("Section:")
    out.field("X", "y", 1)
    assert out.text() == "Name:            web\nA longer label:  1\nSection:\n  X:  y\n"


def test_labels_and_annotations() -> None:
    out = Writer()
    out.labels("Labels", {"b": "2", "a": "1"})
    out.annotations("Annotations", {"kubectl.kubernetes.io/last-applied-configuration": "{}"})
    out.annotations("More", {"long": "x" * 150, "lines": "a\nb\n", "short": "s\n"})
    cut = "x" * 138
    assert out.text() == (
        "Labels:       a=1\n"
        "              b=2\n"
        "Annotations:  <none>\n"
        "More:         lines:\n"
        "                a\n"
        "                b\n"
        "              long:\n"
        f"                {cut}...\n"
        "              short: s\n"
    )


def test_a_nested_writer_indents_every_piece() -> None:
    out = Writer()
    out.nested(2).labels("Labels", None)
    assert out.text() == "    Labels:      <none>\n"


def test_control_characters_become_visible() -> None:
    out = Writer()
    out.field("Message", "\x1b[31mred\r")
    assert out.text() == "Message:  ^[[31mred\\r\n"


def test_values() -> None:
    assert date(None) == "Mon, 01 Jan 0001 00:00:00 +0000"
    assert date("2026-01-02T03:04:05Z") == "Fri, 02 Jan 2026 03:04:05 +0000"
    assert since(None, 0) == "<unknown>"
    assert flat({"b": "2", "a": "1"}) == "a=1,b=2"
    assert flat({}) == "<none>"
    assert go_list(["a", "b"]) == "[a b]"
    assert [title_boolean(value) for value in (None, True, False)] == ["<unset>", "True", "False"]
    assert shorten("äöü", 4) == "äö..."


def test_smart_labels() -> None:
    labels = {
        "apiVersion": "API Version",
        "uid": "UID",
        "podCIDRs": "Pod CIDRs",
        "storedVersions": "Stored Versions",
        "caBundle": "Ca Bundle",
        "x-kubernetes-list-type": "X - Kubernetes - List - Type",
        "kubernetes.io/metadata.name": "kubernetes.io/metadata.name",
        "v1": "v1",
        "clusterIPs": "Cluster I Ps",
    }
    assert {field: smart_label(field) for field in labels} == labels


@given(st.text(alphabet="abcXYZ-", max_size=12))
def test_splitting_loses_nothing(text: str) -> None:
    assert "".join(split_camel_case(text)) == text
