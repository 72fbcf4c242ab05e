"""Selectors: what is printed parses to the same, and matching agrees with the plain meaning."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from minikctl.apimachinery import selectors
from minikctl.apimachinery.selectors import Requirement, Selector, SelectorError

keys = st.sampled_from(["a", "b", "in", "x.io/c"])
values = st.sampled_from(["", "1", "2", "v-1", "notin"])
requirements = st.one_of(
    st.builds(lambda key, op, value: Requirement(key, op, (value,)), keys, st.sampled_from(["=", "==", "!="]), values),
    st.builds(Requirement, keys, st.sampled_from(["in", "notin"]), st.sets(values, min_size=1).map(sorted)),
    st.builds(lambda key, op: Requirement(key, op), keys, st.sampled_from(["exists", "!"])),
    st.builds(
        lambda key, op, n: Requirement(key, op, (str(n),)), keys, st.sampled_from(["gt", "lt"]), st.integers(0, 9)
    ),
)
labels = st.dictionaries(keys, values)


@given(st.lists(requirements, max_size=4), labels)
def test_printing_and_parsing_agree(terms: list[Requirement], of: dict[str, str]) -> None:
    selector = Selector(terms)
    parsed = selectors.parse(str(selector))
    assert parsed.matches(of) == selector.matches(of)
    assert str(selectors.parse(str(parsed))) == str(parsed)


@given(labels, labels)
def test_a_set_selects_its_supersets(wanted: dict[str, str], of: dict[str, str]) -> None:
    assert selectors.from_set(wanted).matches(of) == (wanted.items() <= of.items())
    assert selectors.from_label_selector({"matchLabels": wanted}).matches({**of, **wanted})


@given(st.text(alphabet="ab=!,()<> in\\", max_size=12))
def test_any_text_parses_or_is_refused(text: str) -> None:
    for parse in (selectors.parse, selectors.parse_fields):
        try:
            parse(text)
        except SelectorError as error:
            assert str(error)


@given(st.dictionaries(st.sampled_from(["metadata.name", "status.phase"]), st.text(alphabet="a,=\\", max_size=4)))
def test_field_values_survive_escaping(fields: dict[str, str]) -> None:
    text = ",".join(f"{name}={selectors.escape_field_value(value)}" for name, value in fields.items())
    selector = selectors.parse_fields(text)
    assert {name: value for name, _, value in selector.terms} == fields
    assert selectors.parse_fields(str(selector)).terms == selector.terms
