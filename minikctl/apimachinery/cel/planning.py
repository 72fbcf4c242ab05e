"""What making a program of a checked expression finds: constants that nothing can be made of.

Counterpart: cel-go's `interpreter/planner.go`, which converts constants and compiles constant regular expressions
before anything is evaluated.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.cel.evaluation import CONVERSIONS, Walk, is_constant
from minikctl.apimachinery.cel.library import FunctionError
from minikctl.apimachinery.cel.literals import value_of
from minikctl.apimachinery.cel.syntax import Node, subtrees
from minikctl.apimachinery.regexpproblems import regexp_problem

_PATTERNS = frozenset({"matches", "find", "findAll"})


def problem(tree: Node) -> str:
    """The first of them, empty if there is none: operands are planned before what is done with them."""
    for part in subtrees(tree):
        found = problem(part)
        if found:
            return found
    return _call_problem(*tree.parts) if tree.kind == "call" else ""


def _call_problem(target: Node | None, name: str, arguments: tuple[Node, ...]) -> str:
    if name in CONVERSIONS and target is None and len(arguments) == 1 and is_constant(arguments[0]):
        try:
            Walk({}, None, 100).value(Node("call", 0, (None, name, arguments)), {})
        except FunctionError as error:
            return str(error)
    taken = arguments if target is None else (target, *arguments)
    pattern: Any = value_of(taken[1].parts[0]) if name in _PATTERNS and taken[1:] and taken[1].kind == "literal" else ""
    return regexp_problem(pattern) if isinstance(pattern, str) else ""
