"""Bodies as typed Go clients send them (kubectl v1.36 create), and bytes that are none."""

from __future__ import annotations

import base64
import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minikctl.apimachinery import protobuf

SECRET = "azhzAAoMCgJ2MRIGU2VjcmV0Eh0KEQoBcxIAGgAiACoAMgA4AEIAEgYKAWESAWIaABoAIgA="
BUDGET = (
    "azhzAAogCglwb2xpY3kvdjESE1BvZERpc3J1cHRpb25CdWRnZXQSNgoRCgFiEgAaACIAKgAyADgAQgASFQoJCAEQABoDNTAlEggKBgoBYRIBYhoK"
    "CAAYACAAKAAwABoAIgA="
)
DEPLOYMENT = (
    "azhzAAoVCgdhcHBzL3YxEgpEZXBsb3ltZW50ErgBCh8KA3dlYhIAGgAiACoAMgA4AEIAWgoKA2FwcBIDd2ViEoYBCAESDAoKCgNhcHASA3dlYhps"
    "ChwKABIAGgAiACoAMgA4AEIAWgoKA2FwcBIDd2ViEkwSLgoFbmdpbngSBW5naW54KgAyCgoAEAAYUCIAKgBCAGoAcgCAAQCIAQCQAQCiAQAaADIA"
    "QgBKAFIAWABgAGgAggEAigEAmgEAwgEAIgIKACgAOAAaDAgAEAAYACAAKAA4ABoAIgA="
)
QUOTA = "azhzAAoTCgJ2MRINUmVzb3VyY2VRdW90YRIjChEKAXESABoAIgAqADIAOABCABIMCgoKA2NwdRIDCgExGgAaACIA"
REVIEW = (
    "azhzAAoyChdhdXRob3JpemF0aW9uLms4cy5pby92MRIXU2VsZlN1YmplY3RBY2Nlc3NSZXZpZXcSPAoQCgASABoAIgAqADIAOABCABIeChwKB2Rl"
    "ZmF1bHQSA2dldBoAIgAqBHBvZHMyADoAGggIABIAGgAgABoAIgA="
)


def decoded(text: str) -> Any:
    return protobuf.decode(base64.b64decode(text))


def test_bytes_are_base64_in_json() -> None:
    assert decoded(SECRET) == {
        "kind": "Secret",
        "apiVersion": "v1",
        "metadata": {"name": "s"},
        "data": {"a": "Yg=="},
    }


def test_values_that_are_a_number_or_a_string() -> None:
    assert decoded(BUDGET)["spec"] == {"minAvailable": "50%", "selector": {"matchLabels": {"a": "b"}}}


def test_quantities_are_strings() -> None:
    assert decoded(QUOTA)["spec"] == {"hard": {"cpu": "1"}}


def test_nested_messages_lists_and_structs_that_are_always_there() -> None:
    spec = decoded(DEPLOYMENT)["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {})
    container = {"name": "nginx", "image": "nginx", "ports": [{"containerPort": 80}], "resources": {}}
    assert spec["template"]["spec"]["containers"] == [container]


def test_a_review_keeps_what_it_asks_about() -> None:
    review = decoded(REVIEW)
    assert review["spec"]["resourceAttributes"] == {"namespace": "default", "verb": "get", "resource": "pods"}


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(protobuf.ProtobufError, match='no kind "Secrex" is registered'):
        protobuf.decode(base64.b64decode(SECRET).replace(b"Secret", b"Secrex"))


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for body in (data, protobuf.MAGIC + data, base64.b64decode(DEPLOYMENT)[:40] + data):
        with contextlib.suppress(protobuf.ProtobufError):
            assert isinstance(protobuf.decode(body), dict)
