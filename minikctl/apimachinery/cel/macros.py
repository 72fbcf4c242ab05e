"""CEL's macros: calls that bind variables or look at what is there without evaluating it.

Counterpart of cel-go's `parser/macro.go`, its optional types, two-variable comprehensions and `sortBy`. Also
what of a literal argument can be told without running anything.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from minikctl.apimachinery.cel.syntax import Node, subtrees

_ONE: dict[str, tuple[int, ...]] = {
    "all": (2,),
    "exists": (2,),
    "exists_one": (2,),
    "existsOne": (2,),
    "map": (2, 3),
    "filter": (2,),
}
_ONE |= {"optMap": (2,), "optFlatMap": (2,), "sortBy": (2,)}
_TWO: dict[str, tuple[int, ...]] = {"all": (3,), "exists": (3,), "existsOne": (3,), "exists_one": (3,)}
_TWO |= {"transformList": (3, 4), "transformMap": (3, 4), "transformMapEntry": (3, 4)}


class Macro(NamedTuple):
    """A macro's name, what it goes over, its variables, and the expressions in which they stand."""

    name: str
    target: Node
    variables: tuple[str, ...]
    bodies: tuple[Node, ...]


def of(node: Node, bindings: bool = True) -> Macro | None:
    """The macro a call is; None for an ordinary call. `bindings`: whether `cel.bind` is known."""
    target, name, arguments = node.parts
    if target is None:
        if name == "has" and len(arguments) == 1:
            return Macro("has", arguments[0], (), (arguments[0],))
        return None
    if name == "bind":
        is_bind = bindings and target.kind == "ident" and target.parts[0] == "cel" and len(arguments) == 3
        return Macro("bind", arguments[1], (str(arguments[0].parts[0]),), arguments[2:]) if is_bind else None
    if not arguments or arguments[0].kind != "ident":
        return None
    first = str(arguments[0].parts[0])
    if len(arguments) in _TWO.get(name, ()) and arguments[1].kind == "ident" and not _is_filtering(name, arguments):
        return Macro(name, target, (first, str(arguments[1].parts[0])), arguments[2:])
    if len(arguments) in _ONE.get(name, ()):
        return Macro(name, target, (first,), arguments[1:])
    return None


def _is_filtering(name: str, arguments: tuple[Node, ...]) -> bool:
    return name == "map" and len(arguments) == 3


def problems(tree: Node) -> list[tuple[str, int]]:
    """What is wrong with how macros are called: an argument that is no variable's name where one must be."""
    found = [problem for node in subtrees(tree) for problem in problems(node)]
    if tree.kind != "call":
        return found
    target, name, arguments = tree.parts
    if target is None:
        wrong = name == "has" and len(arguments) == 1 and arguments[0].kind != "select"
        return [*found, ("invalid argument to has() macro", arguments[0].at)] if wrong else found
    if len(arguments) in _ONE.get(name, ()) and arguments[0].kind != "ident":
        message = _UNNAMED.get(name, "argument must be a simple name")
        return [*found, (message.format(name=name), arguments[0].at)]
    if len(arguments) not in _TWO.get(name, ()):
        return found
    unnamed = [argument for argument in arguments[:2] if argument.kind != "ident"]
    if unnamed:
        return [*found, ("argument must be a simple name", unnamed[0].at)]
    if arguments[0].parts == arguments[1].parts:
        return [*found, (f"duplicate variable name: {arguments[0].parts[0]}", arguments[1].at)]
    return found


_NO_IDENTIFIER = "argument is not an identifier"
_OPTIONAL = "{name}() variable name must be a simple identifier"
_UNNAMED = {"map": _NO_IDENTIFIER, "filter": _NO_IDENTIFIER, "sortBy": _NO_IDENTIFIER}
_UNNAMED |= {"optMap": _OPTIONAL, "optFlatMap": _OPTIONAL}


def is_readable(function: str, literal: Any) -> bool:
    """Whether `matches`, `duration` and `timestamp` can make something of a literal."""
    from minikctl.apimachinery.cel.library import FunctionError
    from minikctl.apimachinery.cel.operations import FUNCTIONS
    from minikctl.apimachinery.regexpproblems import regexp_problem

    if function == "matches":
        return not isinstance(literal, str) or not regexp_problem(literal)
    if function in ("duration", "timestamp"):
        try:
            FUNCTIONS[function](literal)
        except FunctionError:
            return False
    return True
