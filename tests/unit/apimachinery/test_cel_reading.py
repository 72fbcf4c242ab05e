"""URLs, addresses and versions that Go refuses, in its words."""

from __future__ import annotations

import pytest

from minikctl.apimachinery.cel import kubetypes, reading
from minikctl.apimachinery.cel.library import FunctionError


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("https://u@example.com:8443/p?q=%zz", ""),
        ("/absolute", ""),
        ("mailto:me", ""),
        ("https://[::1]:80/", ""),
        ("", "empty url"),
        ("no scheme", "invalid URI for request"),
        ("://x", "missing protocol scheme"),
        ("http://a b/", 'invalid character " " in host name'),
        ("http://a:b/", 'invalid port ":b" after host'),
        ("http://[::1/", "missing ']' in host"),
        ("http://a/%zz", 'invalid URL escape "%zz"'),
        ("http://a\n", "net/url: invalid control character in URL"),
    ],
)
def test_urls(text: str, problem: str) -> None:
    if not problem:
        assert kubetypes.FUNCTIONS["isURL"](text)
        return
    with pytest.raises(FunctionError) as caught:
        kubetypes.url(text)
    told = '"http://a\\n"' if "\n" in text else f'"{text}"'
    assert str(caught.value) == f"URL parse error during conversion from string: parse {told}: {problem}"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("abc", "unable to parse IP"),
        ("1.2.3", "IPv4 address too short"),
        ("1.2.3.4.5", "IPv4 address too long"),
        ("1.2.3.256", "IPv4 field has value >255"),
        ("1.2.3.04", "IPv4 field has octet with leading zero"),
        ("1.2..4", 'IPv4 field must have at least one digit (at ".4")'),
        ("1.2.3.x", 'unexpected character (at "x")'),
        ("1::2::3", 'multiple :: in address (at ":3")'),
        ("1:2", "address string too short"),
        ("1:2:", 'colon must be followed by more characters (at ":")'),
        ("12345::", 'each group must have 4 or less digits (at "12345::")'),
        ("g::", 'each colon-separated field must have at least one digit (at "g::")'),
        ("1:2:3:4:5:6:7:8:9", 'trailing garbage after address (at "9")'),
        ("1:2:3:4:5:6:7::8", "the :: must expand to at least one field of zeros"),
    ],
)
def test_addresses(text: str, problem: str) -> None:
    told = f'IP Address "{text}" parse error during conversion from string: ParseAddr("{text}"): {problem}'
    with pytest.raises(FunctionError) as caught:
        kubetypes.ip(text)
    assert str(caught.value) == told
    with pytest.raises(ValueError, match=r"netip\.ParsePrefix"):
        reading.prefix(f"{text}/8")


@pytest.mark.parametrize("text", ["::", "::1", "1::", "fe80::1.2.3.4", "10.0.0.1", "2001:db8::8a2e:370:7334"])
def test_addresses_that_can_be_read(text: str) -> None:
    assert str(reading.address(text)) == text or "." in text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("fe80::1%eth0", 'IP address "fe80::1%eth0" with zone value is not allowed'),
        ("::ffff:1.2.3.4", 'IPv4-mapped IPv6 address "::ffff:1.2.3.4" is not allowed'),
    ],
)
def test_addresses_that_are_not_allowed(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        reading.address(text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("10.0.0.0", "no '/'"),
        ("10.0.0.0/33", "prefix length out of range"),
        ("10.0.0.0/08", 'bad bits after slash: "08"'),
        ("fe80::1%a/8", "IPv6 zones cannot be present in a prefix"),
    ],
)
def test_blocks(text: str, problem: str) -> None:
    with pytest.raises(FunctionError) as caught:
        kubetypes.cidr(text)
    told = f'netip.ParsePrefix("{text}"): {problem}'
    assert str(caught.value) == f"network address parse error during conversion from string: {told}"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "Version string empty"),
        ("1.2", "No Major.Minor.Patch elements found"),
        ("v1.2.3", 'Invalid character(s) found in major number "v1"'),
        ("1.02.3", 'Minor number must not contain leading zeroes "02"'),
        ("1.2.3-", "Prerelease is empty"),
        ("1.2.3-01", 'Numeric PreRelease version must not contain leading zeroes "01"'),
        ("1.2.3-a_b", 'Invalid character(s) found in prerelease "a_b"'),
        ("1.2.3+", "Build meta data is empty"),
    ],
)
def test_versions(text: str, problem: str) -> None:
    with pytest.raises(FunctionError) as caught:
        kubetypes.semver(text)
    assert str(caught.value) == problem


@pytest.mark.parametrize(("text", "read"), [("v1", "1.0.0"), ("01.002.3", "1.2.3"), ("1.2.0-rc.1", "1.2.0-rc.1")])
def test_loose_versions(text: str, read: str) -> None:
    assert reading.loose_version(text) == read


def test_short_versions_have_nothing_behind_them() -> None:
    with pytest.raises(ValueError, match="short version cannot contain PreRelease/Build meta data"):
        reading.loose_version("1.2-rc")
