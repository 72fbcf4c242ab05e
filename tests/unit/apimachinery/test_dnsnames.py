"""DNS labels and subdomains."""

from __future__ import annotations

import pytest

from minikctl.apimachinery import dnsnames


@pytest.mark.parametrize(
    ("check", "good", "bad", "problem"),
    [
        (dnsnames.is_dns1123_label, "1-a", "a.b", "must not contain dots"),
        (dnsnames.is_dns1123_label, "a", "a" * 64, "must be no more than 63 characters"),
        (dnsnames.is_dns1123_subdomain, "a.1-b", "a..b", "a lowercase RFC 1123 subdomain must consist"),
        (dnsnames.is_dns1035_label, "a-1", "1-a", "a DNS-1035 label must consist"),
    ],
)
def test_names(check: dnsnames.Check, good: str, bad: str, problem: str) -> None:
    assert check(good) == []
    assert check(bad)[0].startswith(problem)
