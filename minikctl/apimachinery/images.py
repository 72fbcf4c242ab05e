"""Container image references: repository, tag and digest, as the distribution project parses them.

Defaulting asks for the pull policy, the kubelet for the normalised name. Counterparts:
kubernetes `pkg/util/parsers`, `github.com/distribution/reference`.
"""

from __future__ import annotations

from functools import lru_cache

_DOMAIN_LABEL = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
_DOMAIN = rf"(?:{_DOMAIN_LABEL}(?:\.{_DOMAIN_LABEL})*|\[(?:[a-fA-F0-9:]+)\])(?::[0-9]+)?"
_PATH = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_TAG = r"[\w][\w.-]{0,127}"
_DIGEST = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}"
_REFERENCE = rf"((?:{_DOMAIN}/)?{_PATH}(?:/{_PATH})*)(?::({_TAG}))?(?:@({_DIGEST}))?"
_NAME_LIMIT = 255


@lru_cache(maxsize=4096)
def parse(image: str) -> tuple[str, str, str] | None:
    """(normalised repository, tag, digest); the tag is "latest" when neither is written. None: no valid reference."""
    import re

    if re.fullmatch("[a-f0-9]{64}", image):
        return None
    domain, remainder = _split_domain(image)
    if not remainder or remainder.partition(":")[0] != remainder.partition(":")[0].lower():
        return None
    match = re.fullmatch(_REFERENCE, f"{domain}/{remainder}", re.ASCII)
    if match is None:
        return None
    name, tag, digest = match.group(1), match.group(2) or "", match.group(3) or ""
    if len(name) > _NAME_LIMIT:
        return None
    return name, tag or ("" if digest else "latest"), digest


def _split_domain(image: str) -> tuple[str, str]:
    first, slash, rest = image.partition("/")
    if not slash or not ("." in first or ":" in first or first == "localhost" or first.lower() != first):
        domain, remainder = "docker.io", image
    else:
        domain, remainder = first, rest
    if domain == "index.docker.io":
        domain = "docker.io"
    if domain == "docker.io" and "/" not in remainder:
        remainder = f"library/{remainder}"
    return domain, remainder


@lru_cache(maxsize=4096)
def default_pull_policy(image: str) -> str:
    """Always for the tag "latest", written or implied; an image without a valid name counts as tagged."""
    reference = parse(image)
    return "Always" if reference is not None and reference[1] == "latest" else "IfNotPresent"
