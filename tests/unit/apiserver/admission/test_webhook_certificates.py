"""What a webhook's certificate may lack, told as Go tells it."""

from __future__ import annotations

from typing import Any

import pytest

from minikctl.apimachinery import x509
from minikctl.apiserver.admission.webhooks import certificates, transport

_TARGET = transport.Target("127.0.0.1", 443, "hook.demo.svc", "https://hook.demo.svc:443/", "/")
CALL = transport.Call(_TARGET, "", {}, 1)
EXPIRED, NAME, ADDRESS, SELF_SIGNED = 10, 62, 64, 18


@pytest.mark.parametrize(
    ("shown", "message"),
    [
        (
            {"subjectAltName": (("DNS", "a.example.com"), ("DNS", "b"), ("IP Address", "10.0.0.1"))},
            "certificate is valid for a.example.com, b, not hook.demo.svc",
        ),
        (
            {"subject": ((("commonName", "hook.demo.svc"),),)},
            "certificate relies on legacy Common Name field, use SANs instead",
        ),
        ({}, "certificate is not valid for any names, but wanted to match hook.demo.svc"),
    ],
)
def test_other_names(monkeypatch: pytest.MonkeyPatch, shown: dict[str, Any], message: str) -> None:
    monkeypatch.setattr(certificates, "_peer", lambda call, context, binary: shown)
    assert certificates.problem(NAME, CALL) == message


def test_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    call = CALL._replace(target=_TARGET._replace(name="127.0.0.1"))
    monkeypatch.setattr(certificates, "_peer", lambda *_, **__: {"subjectAltName": (("DNS", "a"),)})
    why = "cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs"
    assert certificates.problem(ADDRESS, call) == why


@pytest.mark.parametrize(
    ("first", "last", "message"),
    [
        ("20200101000000Z", "20210101000000Z", "is after 2021-01-01T00:00:00Z"),
        ("21200101000000Z", "21210101000000Z", "is before 2120-01-01T00:00:00Z"),
    ],
)
def test_times(monkeypatch: pytest.MonkeyPatch, first: str, last: str, message: str) -> None:
    monkeypatch.setattr(certificates, "_peer", lambda *_, **__: b"")
    found = x509.Certificate(x509.Subject("", ()), first, last)
    monkeypatch.setattr(x509, "certificate_of", lambda der: found)
    told = certificates.problem(EXPIRED, CALL)
    assert told.startswith("certificate has expired or is not yet valid: current time 2")
    assert told.endswith(message)


def test_a_webhook_that_is_gone_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise ConnectionRefusedError

    monkeypatch.setattr(certificates, "_peer", refuse)
    assert certificates.problem(NAME, CALL) == "certificate signed by unknown authority"
    assert certificates.problem(SELF_SIGNED, CALL) == "certificate signed by unknown authority"


def test_times_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(certificates, "_peer", lambda *_, **__: b"")
    monkeypatch.setattr(x509, "certificate_of", lambda der: x509.Certificate(x509.Subject("", ()), "2020", "2021"))
    assert certificates.problem(EXPIRED, CALL) == "certificate signed by unknown authority"
