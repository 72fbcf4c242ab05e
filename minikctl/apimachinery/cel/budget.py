"""The cost budget of evaluations: what one expression, and all of one request, may spend.

The engine does not count. What an evaluation may cost at most is estimated from the sizes of the data; only where
that is too much the evaluation is walked through (`evaluation`) and counted. Small data with simple expressions
are not even estimated. Limits are those of `apiserver/pkg/apis/cel`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery.cel import cost, sizes
from minikctl.apimachinery.cel.evaluation import CostExceededError, Walk
from minikctl.apimachinery.cel.library import FunctionError
from minikctl.apimachinery.cel.types import DYN, Type

if TYPE_CHECKING:
    from minikctl.apimachinery.cel import Program

_CALL_LIMIT = 1_000_000
_BUDGET = 10_000_000
MATCH_CONDITIONS = _BUDGET // 4
_SMALL = 100_000
_CANCELLED = "operation cancelled: actual cost limit exceeded"
_NOTHING_LEFT = "validation failed due to running out of cost budget, no further validation rules will be run"


class OverBudgetError(Exception):
    """An evaluation that costs too much: by itself (`call`), or more than what is left."""

    def __init__(self, call: bool) -> None:
        super().__init__(_CANCELLED if call else _NOTHING_LEFT)
        self.call = call


class Budget:
    """What is left of one request's budget. `size` is how many bytes its data have."""

    def __init__(self, size: int, budget: int = _BUDGET) -> None:
        self._size = size
        self._left = budget
        self.spent = False

    def spend(
        self,
        program: Program,
        variables: Mapping[str, Any],
        functions: Mapping[str, Callable[..., Any]] | None = None,
        resolve: Callable[[str], Any] | None = None,
    ) -> None:
        """Pay for an evaluation; OverBudgetError where that is more than is allowed or left."""
        depth, nodes = program.shape
        bound = nodes * 15 * float(max(self._size, 16)) ** max(depth, 1)
        if bound <= _SMALL:
            self._left -= nodes
            return
        tree = program.tree
        scope = {name: type_of(value) for name, value in variables.items()}
        amount = cost.estimate(tree, scope, sizes.ValueSizes(variables))
        if amount > min(_CALL_LIMIT, self._left):
            amount = _counted(Walk(functions or {}, resolve, _CALL_LIMIT), program, variables)
        self._left -= amount
        if amount > _CALL_LIMIT or self._left < 0:
            self.spent = True
            raise OverBudgetError(self._left >= 0)


def _counted(walk: Walk, program: Program, variables: Mapping[str, Any]) -> int:
    """What an evaluation costs, or had cost when it was stopped."""
    with contextlib.suppress(FunctionError, CostExceededError):
        walk.value(program.tree, variables)
    return walk.cost


def type_of(value: Any) -> Type:
    """The type of data, as far as prices depend on it."""
    if isinstance(value, dict):
        return Type("object", fields=_Fields(value))
    if isinstance(value, list):
        return Type("list", type_of(value[0]) if value else DYN)
    names = {bool: "bool", int: "int", float: "double", str: "string", bytes: "bytes"}
    kind = names.get(type(value))
    return Type(kind) if kind is not None else DYN


class _Fields(dict[str, Type]):
    """The types of an object's fields, worked out when asked for; unknown ones are dyn."""

    def __init__(self, value: dict[str, Any]) -> None:
        super().__init__()
        self._value = value

    def get(self, key: str, default: Any = None) -> Any:
        return type_of(self._value[key]) if key in self._value else DYN
