"""Selectors given as text that become a metav1.LabelSelector, which knows fewer operators than the text's syntax.

Upstream counterpart: apimachinery's `ParseToLabelSelector`.
"""

from __future__ import annotations

from minikctl.apimachinery import selectors
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flags import quote


def terms(text: str) -> list[selectors.Requirement]:
    """The terms of a selector that a LabelSelector can hold."""
    try:
        found = list(selectors.parse(text).requirements)
    except selectors.SelectorError as error:
        raise KubectlError(f"couldn't parse the selector string {quote(text)}: {error}") from None
    for term in found:
        if term.operator == "!=":
            raise KubectlError('"!=" is not a valid label selector operator')
        if term.operator in ("gt", "lt"):
            raise KubectlError(f"{quote(term.operator)} isn't supported in label selectors")
    return found
