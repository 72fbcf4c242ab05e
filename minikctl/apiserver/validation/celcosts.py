"""Limits on what the CEL rules of a custom resource's schema may cost, as estimated when it is defined.

Counterpart of apiextensions-apiserver's `validation/cel_validation.go` and of the estimates in `schema/cel`.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import field
from minikctl.apimachinery.cel import cost, prices, sizes
from minikctl.apimachinery.cel.syntax import Node as Tree
from minikctl.apimachinery.cel.typing import Scope
from minikctl.apimachinery.field import FieldError

_RULE_LIMIT = 10_000_000
_SCHEMA_LIMIT = 100_000_000
_BLAMED = 4
_CURE = (
    "try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are"
    " declared"
)
_CONTRIBUTED = "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema"

Node = dict[str, Any]


class TotalCost:
    """What all rules of one schema cost together, and which of them cost most."""

    def __init__(self) -> None:
        self._total = 0
        self._expensive: list[tuple[int, str]] = []

    def observe(self, path: str, amount: int) -> None:
        """Count a rule."""
        self._total = prices.total(self._total, amount)
        if amount >= _SCHEMA_LIMIT // 100:
            self._expensive.append((amount, path))

    def problems(self, path: str) -> list[FieldError]:
        """What is wrong with the whole; `path` is that of the schema."""
        if self._total <= _SCHEMA_LIMIT:
            return []
        worst = sorted(self._expensive, key=lambda item: -item[0])[:_BLAMED]
        what = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema"
        return [
            *[field.forbidden(at, _CONTRIBUTED) for _, at in worst],
            field.forbidden(path, _text(what, self._total, _SCHEMA_LIMIT)),
        ]


class Cardinality:
    """How often values of a schema's node can occur in an object; None where its parents do not bound that."""

    def __init__(self, most: int | None = 1) -> None:
        self.most = most

    def below(self, node: Node) -> Cardinality:
        """That of the children of a node."""
        factor: Any = 1
        if node.get("type") == "array":
            factor = node.get("maxItems")
        elif node.get("type") == "object" and node.get("additionalProperties"):
            factor = node.get("maxProperties")
        if self.most is None or factor is None:
            return Cardinality(None)
        return Cardinality(prices.times(self.most, max(0, int(factor))))

    def of(self, node: Node) -> int:
        """How often a rule of the node may have to be evaluated."""
        return sizes.most_occurrences(node) if self.most is None else self.most


def rule_costs(tree: Tree, scope: Scope, node: Node, root: bool, often: int) -> int:
    """The most that evaluating an expression everywhere can cost; `often` is how many places there are."""
    return prices.times(cost.estimate(tree, scope, sizes.SchemaSizes(node, root)), often)


def too_expensive(what: str, path: str, amount: int) -> list[FieldError]:
    """The complaint about one expression that costs too much."""
    return [field.forbidden(path, _text(what, amount, _RULE_LIMIT))] if amount > _RULE_LIMIT else []


def _text(what: str, amount: int, limit: int) -> str:
    factor = amount / limit
    shown = "more than 100x" if factor > 100 else f"{factor:f}x" if factor < 1.5 else f"{factor:.1f}x"
    return f"{what} exceeds budget by factor of {shown} ({_CURE})"
