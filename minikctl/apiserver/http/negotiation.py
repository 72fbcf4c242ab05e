"""What a client wants back: the media type, and whether as Table or PartialObjectMetadata.

Counterpart of apiserver's `endpoints/handlers/negotiation`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from minikctl.apimachinery import errors

JSON, YAML = "application/json", "application/yaml"
PROTOBUF = "application/vnd.kubernetes.protobuf"
_KINDS = {
    "Table": "table",
    "PartialObjectMetadata": "metadata",
    "PartialObjectMetadataList": "metadata",
    "APIGroupDiscoveryList": "discovery",
}
_TYPES = {"*/*": JSON, "application/*": JSON, JSON: JSON, YAML: YAML, "text/*": ""}


# Programs that people look at answers with (isPrettyPrint).
_FOR_THE_EYE = ("curl", "Wget", "Mozilla/5.0")


class Wanted(NamedTuple):
    """A media type that can be served, and the form: "object", "table", "metadata", "discovery"."""

    media_type: str
    form: str
    version: str = ""


def pretty(query_string: bytes, user_agent: str) -> bool:
    """Whether JSON is to be for the eye: as ?pretty= says, else for browsers and the like."""
    if b"pretty=" in query_string:
        value = query_string.partition(b"pretty=")[2].partition(b"&")[0]
        if value:
            return value in (b"1", b"t", b"T", b"true", b"TRUE", b"True")
    return user_agent.startswith(_FOR_THE_EYE)


@lru_cache(maxsize=256)
def wanted(accept: str, forms: frozenset[str] = frozenset({"object"})) -> Wanted:
    """The first clause of an Accept header that can be served in one of `forms`; NotAcceptable where none can."""
    for clause in _clauses(accept) if accept else ("*/*",):
        found = _serve(clause, forms)
        if found is not None:
            return found
    raise errors.StatusError(
        "NotAcceptable",
        f"only the following media types are accepted: {JSON}, {YAML}, {PROTOBUF}",
    )


def _clauses(accept: str) -> list[str]:
    """The clauses in order of their quality, equal ones as they stand."""
    listed = [clause.strip() for clause in accept.split(",") if clause.strip()]
    return sorted(listed, key=lambda clause: -_quality(clause))


def _quality(clause: str) -> float:
    for parameter in clause.split(";")[1:]:
        name, _, value = parameter.strip().partition("=")
        if name == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def _serve(clause: str, forms: frozenset[str]) -> Wanted | None:
    name, *rest = clause.split(";")
    media_type = _TYPES.get(name.strip().lower())
    if not media_type:
        return None
    parameters = dict(_parameter(text) for text in rest)
    kind = parameters.get("as", "")
    form = _KINDS.get(kind, "") if kind else "object"
    if form not in forms or (kind and not _known(form, parameters)):
        return None
    return Wanted(media_type, form, parameters.get("v", ""))


def _parameter(text: str) -> tuple[str, str]:
    name, _, value = text.strip().partition("=")
    return name.strip().lower(), value.strip().strip('"')


def _known(form: str, parameters: dict[str, str]) -> bool:
    group, version = parameters.get("g", ""), parameters.get("v", "")
    if form == "discovery":
        return group == "apidiscovery.k8s.io" and version == "v2"
    return group == "meta.k8s.io" and version in ("v1", "v1beta1")
