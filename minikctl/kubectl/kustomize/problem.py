"""The error of everything under kustomize/; its text is what kustomize itself says."""

from __future__ import annotations


class KustomizeError(Exception):
    """A kustomization that cannot be built."""


class MalformedYAML(KustomizeError):
    """A file that is no YAML; reported without looking for a directory of that name."""


class BrokenObject(Exception):
    """An object that cannot be printed; kustomize notices at the very end, so nothing is added to the message."""


def go_quote(text: str) -> str:
    """A string as %q prints it."""
    from minikctl.kubectl.flags import quote

    return quote(text)
