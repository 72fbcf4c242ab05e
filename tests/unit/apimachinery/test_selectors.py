"""Selectors: parsing with upstream's errors, matching, and the printed forms."""

from __future__ import annotations

import pytest

from minikctl.apimachinery import selectors
from minikctl.apimachinery.label_syntax import label_key_errors, label_value_errors
from minikctl.apimachinery.selectors import SelectorError


@pytest.mark.parametrize(
    ("text", "labels", "expected"),
    [
        ("a=b", {"a": "b"}, True),
        ("a==b", {"a": "c"}, False),
        ("a!=b", {}, True),
        ("a!=b", {"a": "b"}, False),
        ("a", {"a": ""}, True),
        ("!a", {"a": ""}, False),
        ("a in (x, y),c", {"a": "y", "c": "1"}, True),
        ("a notin (x,y)", {"a": "x"}, False),
        ("a notin (x,y)", {}, True),
        ("a>3", {"a": "4"}, True),
        ("a<3", {"a": "4"}, False),
        ("a>3", {"a": "many"}, False),
        ("a=", {"a": ""}, True),
        ("in in (in)", {"in": "in"}, True),
        ("", {"a": "b"}, True),
    ],
)
def test_matching(text: str, labels: dict[str, str], expected: bool) -> None:
    assert selectors.parse(text).matches(labels) is expected


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("b=1, a = 2", "a=2,b=1"),
        ("x in (foo,,baz),y,z notin ()", "x in (,baz,foo),y,z notin ()"),
        ("!a,b!=c,d==e,f>1,g<2", "!a,b!=c,d==e,f>1,g<2"),
    ],
)
def test_printed_form_is_sorted(text: str, printed: str) -> None:
    assert str(selectors.parse(text)) == printed


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a=b=c", "found '=', expected: ',' or 'end of string'"),
        ("a,", "found '', expected: identifier after ','"),
        (",a", "found ',', expected: !, identifier, or 'end of string'"),
        ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
        ("a in b", "unable to parse requirement: found 'b' expected: '('"),
        ("a in (b", "unable to parse requirement: found '', expected: ',' or ')'"),
        ("a in (=)", "unable to parse requirement: found '=', expected: ',', ')' or identifier"),
        ("!", "unable to parse requirement: found '', expected: identifier"),
        (
            "a>x",
            "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must"
            " be an integer",
        ),
    ],
)
def test_parse_errors(text: str, message: str) -> None:
    with pytest.raises(SelectorError) as caught:
        selectors.parse(text)
    assert str(caught.value) == message


def test_bad_keys_and_values_name_the_rule() -> None:
    with pytest.raises(
        SelectorError, match=r'^unable to parse requirement: <nil>: Invalid value: "-a": name part must'
    ):
        selectors.parse("-a=b")
    with pytest.raises(SelectorError, match=r'^unable to parse requirement: values\[0\]\[a\]: Invalid value: "b@": a'):
        selectors.parse("a=b@")


def test_label_selectors() -> None:
    assert not selectors.from_label_selector(None).matches({"a": "b"})
    assert selectors.from_label_selector({}).matches({"a": "b"})
    found = selectors.from_label_selector(
        {"matchLabels": {"b": "1"}, "matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["y", "x"]}]}
    )
    assert str(found) == "a notin (x,y),b=1"
    assert found.exact() == {"b": "1"}
    assert found.matches({"b": "1"})
    with pytest.raises(SelectorError, match='"Near" is not a valid label selector operator'):
        selectors.from_label_selector({"matchExpressions": [{"key": "a", "operator": "Near"}]})
    assert selectors.format_label_selector({}) == "<none>"


def test_field_selectors() -> None:
    fields = {"metadata.name": "x,y", "status.phase": "Running"}
    found = selectors.parse_fields("status.phase!=Failed,metadata.name=x\\,y")
    assert found.matches(lambda name: fields.get(name, ""))
    assert str(found) == "metadata.name=x\\,y,status.phase!=Failed"
    assert found.exact("metadata.name") == "x,y"
    assert found.exact("status.phase") is None
    for text, message in (
        ("a", "invalid selector: 'a'; can't understand 'a'"),
        ("a=b=c", "invalid field selector: unescaped character in value: 61"),
        ("a=b\\c", "invalid field selector: invalid escape sequence: \\c"),
    ):
        with pytest.raises(SelectorError) as caught:
            selectors.parse_fields(text)
        assert str(caught.value) == message


def test_label_syntax() -> None:
    assert label_key_errors("app.kubernetes.io/name") == []
    assert label_key_errors("a/b/c")[0].startswith("a valid label key must consist of")
    assert label_key_errors("/b") == ["prefix part must be non-empty"]
    assert label_key_errors("x" * 64) == ["name part must be no more than 63 bytes"]
    assert label_key_errors("Up.er/x")[0].startswith("prefix part a lowercase RFC 1123 subdomain must")
    assert label_value_errors("") == []
    assert len(label_value_errors("-" * 64)) == 2


def test_selectors_as_go_prints_them() -> None:
    assert selectors.go_text(None) == "nil"
    empty = "&LabelSelector{MatchLabels:map[string]string{},MatchExpressions:[]LabelSelectorRequirement{},}"
    assert selectors.go_text({}) == empty
    terms = [{"key": "t", "operator": "In", "values": ["x", "y"]}, {"key": "u", "operator": "Exists"}]
    assert selectors.go_text({"matchLabels": {"b": "2", "a": "1"}, "matchExpressions": terms}) == (
        "&LabelSelector{MatchLabels:map[string]string{a: 1,b: 2,},MatchExpressions:[]LabelSelectorRequirement{"
        "LabelSelectorRequirement{Key:t,Operator:In,Values:[x y],},"
        "LabelSelectorRequirement{Key:u,Operator:Exists,Values:[],},},}"
    )
