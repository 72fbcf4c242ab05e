"""Reading URLs, addresses and versions as Go's packages do, with their complaints (ValueError).

Counterparts: `net/url`'s ParseRequestURI, `net/netip`, and blang's semver, as `apiserver/pkg/cel/library` uses them.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address

from minikctl.apimachinery.field import quote

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_NO_HOST = re.compile(r"(?![A-Za-z0-9._~!$&'()*+,;=:\[\]<>\"%-])[\x00-\x7f]")
_PORT = re.compile(r"(:[0-9]*)?")
_USER = re.compile(r"[A-Za-z0-9._:~!$&'()*+,;=%@-]*")
_PATH = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@\[\]%/-]*")
_NUMERIC, _IDENTIFIER = re.compile(r"[0-9]*"), re.compile(r"[0-9A-Za-z-]*")


def check_url(text: str) -> None:
    """Whether a text is a URL with a scheme, or an absolute path."""
    problem = _url_problem(text)
    if problem:
        raise ValueError(f"parse {quote(text)}: {problem}")


def _url_problem(text: str) -> str:
    if any(char < " " or char == "\x7f" for char in text):
        return "net/url: invalid control character in URL"
    if not text:
        return "empty url"
    if text[0] == ":":
        return "missing protocol scheme"
    match = _SCHEME.match(text)
    rest = (text[match.end() :] if match else text).partition("?")[0]
    if not rest.startswith("/"):
        return "" if match or text == "*" else "invalid URI for request"
    if match and rest.startswith("//"):
        authority, slash, path = rest[2:].partition("/")
        return _authority_problem(authority) or _escape_problem(slash + path)
    return _escape_problem(rest)


def _authority_problem(authority: str) -> str:
    user, at, host = authority.rpartition("@")
    if host.startswith("[") and "]" not in host:
        return "missing ']' in host"
    if host.startswith("["):
        port = host.rpartition("]")[2]
    else:
        port = host[host.rindex(":") :] if ":" in host else ""
    if not _PORT.fullmatch(port):
        return f"invalid port {quote(port)} after host"
    wrong = _escape_problem(host)
    bad = _NO_HOST.search(host)
    if wrong or bad:
        return wrong or (f"invalid character {quote(bad.group())} in host name" if bad else "")
    return "" if not at or _USER.fullmatch(user) else "net/url: invalid userinfo"


def _escape_problem(text: str) -> str:
    wrong = _ESCAPE.search(text)
    return f"invalid URL escape {quote(text[wrong.start() : wrong.start() + 3])}" if wrong else ""


def escaped_path(path: str) -> str:
    """The path of a URL as Go's EscapedPath has it: as it was written if that is how it may be written."""
    from urllib.parse import quote_from_bytes, unquote_to_bytes

    return path if _PATH.fullmatch(path) else quote_from_bytes(unquote_to_bytes(path), safe="/$&+,:;=@~")


# Addresses


def address(text: str) -> IPv4Address | IPv6Address:
    """An address without zone that is no IPv4 one in IPv6's clothes."""
    problem = _address_problem(text)
    if problem:
        raise ValueError(f"IP Address {quote(text)} parse error during conversion from string: {problem}")
    if "%" in text:
        raise ValueError(f"IP address {quote(text)} with zone value is not allowed")
    found = ip_address(text)
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        raise ValueError(f"IPv4-mapped IPv6 address {quote(text)} is not allowed")
    return found


def prefix(text: str) -> tuple[IPv4Address | IPv6Address, int]:
    """The address and the length of a block of addresses."""
    problem = _prefix_problem(text)
    if problem:
        told = f"netip.ParsePrefix({quote(text)}): {problem}"
        raise ValueError(f"network address parse error during conversion from string: {told}")
    start, _, bits = text.rpartition("/")
    found = ip_address(start)
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        raise ValueError(f"IPv4-mapped IPv6 address {quote(text)} is not allowed")
    return found, int(bits)


def _prefix_problem(text: str) -> str:
    start, slash, bits = text.rpartition("/")
    if not slash:
        return "no '/'"
    problem = _address_problem(start)
    if problem:
        return problem
    if "%" in start:
        return "IPv6 zones cannot be present in a prefix"
    if not bits.isascii() or not bits.isdigit() or (len(bits) > 1 and bits[0] == "0"):
        return f"bad bits after slash: {quote(bits)}"
    return "" if int(bits) <= (128 if ":" in start else 32) else "prefix length out of range"


def _address_problem(text: str) -> str:
    first = next((char for char in text if char in ".:%"), "")
    if first == ".":
        message, at = _v4_problem(text)
    elif first == ":":
        message, at = _v6_problem(text)
    else:
        message, at = ("missing IPv6 address" if first else "unable to parse IP"), ""
    told = f"{message} (at {quote(at)})" if at else message
    return f"ParseAddr({quote(text)}): {told}" if message else ""


def _v4_problem(text: str) -> tuple[str, str]:
    """What is wrong with an IPv4 address, and where; empty for nothing."""
    value, digits, dots = 0, 0, 0
    for at, char in enumerate(text):
        if char.isascii() and char.isdigit():
            if digits == 1 and value == 0:
                return "IPv4 field has octet with leading zero", ""
            value, digits = value * 10 + int(char), digits + 1
            if value > 255:
                return "IPv4 field has value >255", ""
        elif char == ".":
            if digits == 0 or at == len(text) - 1:
                return "IPv4 field must have at least one digit", text[at:]
            if dots == 3:
                return "IPv4 address too long", ""
            value, digits, dots = 0, 0, dots + 1
        else:
            return "unexpected character", text[at:]
    return ("IPv4 address too short", "") if dots < 3 else ("", "")


_HEX = re.compile(r"[0-9A-Fa-f]*")


def _v6_problem(text: str) -> tuple[str, str]:
    """The same for an IPv6 address: hexadecimal fields, one ellipsis, perhaps an IPv4 address at the end."""
    rest, percent, zone = text.partition("%")
    if percent and not zone:
        return "zone must be a non-empty string", ""
    ellipsis, filled = rest.startswith("::"), 0
    if ellipsis:
        rest = rest[2:]
        if not rest:
            return "", ""
    while filled < 16:
        match = _HEX.match(rest)
        digits = len(match.group()) if match else 0
        if digits == 0 or digits > 4:
            few = "each colon-separated field must have at least one digit"
            return (few if digits == 0 else "each group must have 4 or less digits"), rest
        if rest[digits : digits + 1] == ".":
            return _embedded(rest, ellipsis, filled)
        filled, rest = filled + 2, rest[digits:]
        if not rest:
            break
        if rest[0] != ":":
            return "unexpected character, want colon", rest
        if len(rest) == 1:
            return "colon must be followed by more characters", rest
        rest = rest[1:]
        if rest[0] == ":":
            if ellipsis:
                return "multiple :: in address", rest
            ellipsis, rest = True, rest[1:]
            if not rest:
                break
    if rest:
        return "trailing garbage after address", rest
    return _fields_problem(filled, ellipsis), ""


def _embedded(rest: str, ellipsis: bool, filled: int) -> tuple[str, str]:
    if not ellipsis and filled != 12:
        return "embedded IPv4 address must replace the final 2 fields of the address", rest
    if filled + 4 > 16:
        return "too many hex fields to fit an embedded IPv4 at the end of the address", rest
    found = _v4_problem(rest)
    return found if found[0] else (_fields_problem(filled + 4, ellipsis), "")


def _fields_problem(filled: int, ellipsis: bool) -> str:
    if filled < 16:
        return "" if ellipsis else "address string too short"
    return "the :: must expand to at least one field of zeros" if ellipsis else ""


# Versions


def version(text: str) -> str:
    """A semantic version, as it is written."""
    if not text:
        raise ValueError("Version string empty")
    parts = text.split(".", 2)
    if len(parts) != 3:
        raise ValueError("No Major.Minor.Patch elements found")
    _check_number("major", parts[0])
    _check_number("minor", parts[1])
    core, plus, build = parts[2].partition("+")
    patch, dash, pre = core.partition("-")
    _check_number("patch", patch)
    for part in pre.split(".") if dash else ():
        _check_prerelease(part)
    for part in build.split(".") if plus else ():
        if not part:
            raise ValueError("Build meta data is empty")
        if not _IDENTIFIER.fullmatch(part):
            raise ValueError(f"Invalid character(s) found in build meta data {quote(part)}")
    return text


def _check_number(name: str, text: str) -> None:
    if not text or not _NUMERIC.fullmatch(text):
        raise ValueError(f"Invalid character(s) found in {name} number {quote(text)}")
    if len(text) > 1 and text[0] == "0":
        raise ValueError(f"{name.capitalize()} number must not contain leading zeroes {quote(text)}")


def _check_prerelease(part: str) -> None:
    if not part:
        raise ValueError("Prerelease is empty")
    if _NUMERIC.fullmatch(part):
        if len(part) > 1 and part[0] == "0":
            raise ValueError(f"Numeric PreRelease version must not contain leading zeroes {quote(part)}")
    elif not _IDENTIFIER.fullmatch(part):
        raise ValueError(f"Invalid character(s) found in prerelease {quote(part)}")


def loose_version(text: str) -> str:
    """A version that may begin with a v, have leading zeros, and lack its last numbers."""
    parts = text.removeprefix("v").split(".", 2)
    for index, part in enumerate(parts):
        if len(part) > 1:
            bare = part.lstrip("0")
            parts[index] = bare if bare[:1].isdigit() else "0" + bare
    if len(parts) < 3 and set(parts[-1]) & set("+-"):
        raise ValueError("short version cannot contain PreRelease/Build meta data")
    return version(".".join([*parts, "0", "0"][: max(3, len(parts))]))
