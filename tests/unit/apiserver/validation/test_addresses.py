"""IP addresses: the short look at ordinary ones passes none that the long one refuses."""

from __future__ import annotations

import pytest

from minikctl.apiserver.validation.addresses import ip_for_legacy_field, non_special_ip

_GOOD = ("10.0.0.1", "10.255.255.255", "172.18.0.3", "192.168.1.1", "8.8.8.8", "2001:db8::1")
_MALFORMED = (
    "",
    "10",
    "10.1.2",
    "10.1.2.3.4",
    "10.1.2.256",
    "10.1.2.x",
    "10.1.2.-1",
    "172.1.2. 3",
    "192.1.2.1e1",
    "10...",
)
_SPECIAL = ("0.0.0.0", "127.0.0.1", "169.254.1.1", "224.0.0.7", "::", "::1", "fe80::1", "ff02::1")
_ODD = ("10.01.0.1", "010.1.0.1", "192.168.0.00", "::ffff:10.1.2.3")


@pytest.mark.parametrize("value", _GOOD)
def test_addresses_that_traffic_can_be_sent_to(value: str) -> None:
    assert ip_for_legacy_field("ip", value) == non_special_ip("ip", value) == []


@pytest.mark.parametrize("value", _MALFORMED)
def test_what_is_no_address(value: str) -> None:
    assert len(ip_for_legacy_field("ip", value)) == len(non_special_ip("ip", value)) == 1


@pytest.mark.parametrize("value", _SPECIAL)
def test_addresses_of_a_special_kind(value: str) -> None:
    assert ip_for_legacy_field("ip", value) == []
    assert len(non_special_ip("ip", value)) == 1


@pytest.mark.parametrize("value", _ODD)
def test_addresses_that_are_written_oddly(value: str) -> None:
    assert len(ip_for_legacy_field("ip", value)) == 1
    assert non_special_ip("ip", value) == []
