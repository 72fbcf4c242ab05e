"""pflag's parsing rules and error texts."""

# ruff: noqa: E501 (messages stand whole)

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minikctl.kubectl import flags
from minikctl.kubectl.flags import Flag, FlagError, FlagSet, Values, split_csv

FLAGS = FlagSet(
    (
        Flag("all", "A", flags.BOOL, False, ""),
        Flag("watch", "w", flags.BOOL, False, ""),
        Flag("output", "o", flags.STRING, "", ""),
        Flag("count", "", flags.INT32, -1, ""),
        Flag("file", "f", flags.STRING_SLICE, [], ""),
        Flag("env", "e", flags.STRING_ARRAY, [], ""),
        Flag("timeout", "", flags.DURATION, 0.0, ""),
        Flag("dry-run", "", flags.STRING, "none", "", bare="unchanged"),
        Flag("pairs", "", flags.STRING_MAP, {}, ""),
        Flag("old", "", flags.BOOL, False, "", deprecated="use --new"),
    )
)


def parse(*args: str) -> tuple[Values, list[str]]:
    return FLAGS.parse(args, lambda text: None)


def test_flags_may_stand_anywhere() -> None:
    values, rest = parse("pods", "-o", "wide", "web", "-Aw", "--count=3")
    assert rest == ["pods", "web"]
    assert (values["output"], values["all"], values["watch"], values["count"]) == ("wide", True, True, 3)
    assert values.changed("count") and not values.changed("env")


def test_short_flags_take_values_attached_or_not() -> None:
    assert parse("-owide")[0]["output"] == "wide"
    assert parse("-o=wide")[0]["output"] == "wide"
    assert parse("-Ao", "name")[0]["output"] == "name"


def test_slices_split_at_commas_and_arrays_do_not() -> None:
    values, _ = parse("-f", "a,b", "-f", "c", "-e", "x,y", "-e", "z", "--pairs", "a=b,c=d")
    assert values["file"] == ["a", "b", "c"]
    assert values["env"] == ["x,y", "z"]
    assert values["pairs"] == {"a": "b", "c": "d"}


def test_a_default_list_is_not_shared() -> None:
    parse("-f", "a")[0]["file"].append("b")
    assert parse()[0]["file"] == []


def test_everything_after_the_dash_is_positional() -> None:
    values, rest = parse("name", "--", "-o", "--all")
    assert rest == ["name", "-o", "--all"]
    assert values.dash == 1
    assert parse("name")[0].dash == -1


def test_bare_values_and_underscores() -> None:
    assert parse("--dry-run", "x")[0]["dry-run"] == "unchanged"
    assert parse("--dry_run=client")[0]["dry-run"] == "client"
    assert parse("--all=false")[0]["all"] is False


def test_deprecated_flags_warn() -> None:
    heard: list[str] = []
    FLAGS.parse(["--old"], heard.append)
    assert heard == ["Flag --old has been deprecated, use --new"]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--foo"], "unknown flag: --foo"),
        (["-Az"], "unknown shorthand flag: 'z' in -z"),
        (["-o"], "flag needs an argument: 'o' in -o"),
        (["--output"], "flag needs an argument: --output"),
        (["--=x"], "bad flag syntax: --=x"),
        (["-A=maybe"], 'invalid argument "maybe" for "-A, --all" flag: strconv.ParseBool: parsing "maybe": invalid syntax'),
        (["--count=x"], 'invalid argument "x" for "--count" flag: strconv.ParseInt: parsing "x": invalid syntax'),
        (
            ["--count=2147483648"],
            'invalid argument "2147483648" for "--count" flag: strconv.ParseInt: parsing "2147483648": value out of range',
        ),
        (["--timeout=soon"], 'invalid argument "soon" for "--timeout" flag: time: invalid duration "soon"'),
        (["--pairs=a"], 'invalid argument "a" for "--pairs" flag: malformed pair, expect string=string'),
    ],
)  # fmt: skip
def test_refusals_have_pflags_words(args: list[str], message: str) -> None:
    with pytest.raises(FlagError) as caught:
        parse(*args)
    assert str(caught.value) == message


def test_csv_quotes() -> None:
    assert split_csv('a,"b,c","d""e"') == ["a", "b,c", 'd"e']
    with pytest.raises(ValueError, match='bare "'):
        split_csv('a"b')


@given(st.lists(st.text(alphabet="ab ,\"'=-é"), min_size=1))
def test_quoted_fields_come_back(fields: list[str]) -> None:
    text = ",".join('"' + field.replace('"', '""') + '"' for field in fields)
    assert split_csv(text) == fields


@given(st.lists(st.sampled_from(["-A", "-w", "-o", "--output=x", "a", "--", "-Awo", "--count", "3", "-"])))
def test_parsing_never_fails_otherwise(args: list[str]) -> None:
    try:
        values, rest = parse(*args)
    except FlagError:
        return
    assert all(word in args for word in rest)
    assert isinstance(values["all"], bool)
