"""explain -o plaintext-openapiv2."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minikctl.kubectl.oldexplain import _wrapped

Kubectl = Callable[..., Any]


def explained(kubectl: Kubectl, *args: str) -> str:
    return str(kubectl("explain", *args, "-o", "plaintext-openapiv2").out)


def test_fields_and_their_types(kubectl: Kubectl) -> None:
    lines = explained(kubectl, "pods.spec.containers.livenessProbe.tcpSocket").splitlines()
    assert lines[:4] == ["KIND:     Pod", "VERSION:  v1", "", "RESOURCE: tcpSocket <Object>"]
    assert "   port\t<> -required-" in lines
    assert lines[-2:] == ["     the range 1 to 65535. Name must be an IANA_SVC_NAME.", ""]
    assert "FIELD:    labels <map[string]string>\n" in explained(kubectl, "pod.metadata.labels")
    assert "VERSION:  v1\n\nDESCRIPTION:\n" in explained(kubectl, "pods.spec.overhead")


def test_what_has_no_fields(kubectl: Kubectl) -> None:
    data = explained(kubectl, "controllerrevisions.data")
    assert data.startswith("KIND:     ControllerRevision\nVERSION:  apps/v1\n\nDESCRIPTION:\n     Data is the")
    assert data.count("RawExtension is used to hold extensions") == 2
    assert explained(kubectl, "controllerrevisions.data.any").count("RawExtension is used to hold extensions") == 1
    assert "FIELD:    z <integer>\n" in explained(kubectl, "pods.spec.containers.ports.containerPort.z")
    assert "FIELD:    x <string>\n\nDESCRIPTION:\n     <empty>\n" in explained(kubectl, "pods.spec.containers.args.x")


def test_all_fields_by_name(kubectl: Kubectl) -> None:
    out = explained(kubectl, "crd.spec.versions.schema", "--recursive")
    assert out.count("      additionalProperties\t<>\n") == 1  # a schema within a schema is not gone through again
    assert "-required-" not in out


def test_what_cannot_be_explained(kubectl: Kubectl) -> None:
    def refused(*args: str) -> str:
        return str(kubectl("explain", *args).err)

    assert refused("pods.no.such", "-o", "plaintext-openapiv2") == 'error: field "no" does not exist\n'
    assert refused("deploy", "--api-version=v9", "-o", "plaintext-openapiv2") == (
        'error: couldn\'t find resource for "/v9, Kind=Deployment"\n'
    )
    assert refused("deploy", "--api-version=v1") == (
        "error: GVR (/v1, Resource=deployments) not found in OpenAPI schema\n"
    )
    assert refused("deploy", "--api-version=a/b/c") == "error: unexpected GroupVersion string: a/b/c\n"
    assert refused("") == "error: a resource must be present, got: /, Resource=\n"
    assert refused("pods.spec.containers[0]") == ("error: invalid jsonpath syntax, first node must be field node\n")
    assert refused("events.events.k8s.io") == 'error: field "io" does not exist\n'


def test_wrapping() -> None:
    long = "word " * 16
    assert _wrapped(f"one\ntwo\n\nthree:\nfour\n\n- five\n    as it is\n{long}") == [
        "one two", "three:", "four", "", "- five", "    as it is", ("word " * 15).strip(), "word",
    ]  # fmt: skip
