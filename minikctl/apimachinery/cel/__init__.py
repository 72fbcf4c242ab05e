"""CEL, the Common Expression Language, as Kubernetes speaks it.

Admission policies, match conditions and the rules of custom resources compile their expressions
here once (`compile_`) and evaluate them with variables. The engine is an optional library.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from minikctl.apimachinery.cel import declarations, library, macros, translate
from minikctl.apimachinery.cel.library import MISSING, FunctionError, LibraryMissingError
from minikctl.apimachinery.cel.syntax import Node, SyntaxProblem, UnsupportedProblem, parse

__all__ = [
    "MISSING",
    "CompileError",
    "EvaluationError",
    "FunctionError",
    "LibraryMissingError",
    "Program",
    "compile_",
    "report",
]

# What explaining a failure may cost.
_WALK_LIMIT = 1_000_000
_TAB = "\t"
_WRAPPED = re.compile(r"Function '[^']*' error: (?:Python function call failed: \w+: )?(.*?)(?:\. Check function .*)?$")
_UNKNOWN_FIELD = re.compile(r"^'(.*)'$")
# What the engine says besides cel-go's words of a tree with gaps.
_OF_THE_ENGINE = re.compile(r"(?:ERROR: )?<input>:\d+:\d+: (?:Incomplete|No) `")
_UNDEFINED = re.compile(r"Undefined variable or function: '([^']*)'")


class CompileError(Exception):
    """An expression that does not compile; the message is cel-go's report."""


class EvaluationError(Exception):
    """An expression that failed on its data; the message is cel-go's."""


class Program:
    """A compiled expression. `tree` is for those who want to know its type."""

    __slots__ = ("_compiled", "_functions", "_shape", "source", "tree")

    def __init__(self, source: str, tree: Node, compiled: Any) -> None:
        self.source = source
        self.tree = tree
        self._compiled = compiled
        self._shape: tuple[int, int] | None = None
        self._functions = [name for name in compiled.functions() if name in _functions()]

    @property
    def shape(self) -> tuple[int, int]:
        """How deep its loops are nested, and how many nodes it has."""
        if self._shape is None:
            from minikctl.apimachinery.cel import cost

            self._shape = cost.shape(self.tree)
        return self._shape

    def evaluate(
        self,
        variables: Mapping[str, Any],
        functions: Mapping[str, Callable[..., Any]] | None = None,
        resolve: Callable[[str], Any] | None = None,
    ) -> Any:
        """The value of the expression. `resolve` gives variables that are worked out when first needed."""
        context = library.engine().Context(dict(variables))
        known = _functions()
        for name in self._functions:
            context.add_function(name, known[name])
        for name, function in (functions or {}).items():
            context.add_function(name, function)
        if resolve is not None:
            context.set_variable_resolver(resolve)
        try:
            return self._compiled.execute(context)
        except Exception as error:
            return self._walked(variables, functions or {}, resolve, error)

    def walk(self, variables: Mapping[str, Any]) -> Any:
        """The value of the expression without the engine, for what the engine does not know."""
        return self._walked(variables, {}, None, EvaluationError("operation cancelled: actual cost limit exceeded"))

    def _walked(
        self,
        variables: Mapping[str, Any],
        functions: Mapping[str, Callable[..., Any]],
        resolve: Callable[[str], Any] | None,
        error: Exception,
    ) -> Any:
        """What a second, slower evaluation finds where the engine's has failed: it fails in cel-go's words."""
        from minikctl.apimachinery.cel.evaluation import CostExceededError, Walk

        try:
            return Walk(functions, resolve, _WALK_LIMIT).value(self.tree, variables)
        except FunctionError as found:
            raise EvaluationError(str(found)) from None
        except (CostExceededError, RecursionError):
            raise EvaluationError(_explained(error)) from None


@lru_cache(maxsize=1024)
def compile_(source: str) -> Program:
    """Compile an expression; CompileError where it is none, LibraryMissingError without the engine."""
    engine = library.engine()
    try:
        tree = parse(source)
    except UnsupportedProblem as problem:
        raise CompileError(_pointed(source, str(problem), problem.at)) from None
    except SyntaxProblem as problem:
        report_ = _grammar_report(source)
        if "Syntax error" not in report_:
            report_ = _pointed(source, f"Syntax error: {problem}", problem.at)
        raise CompileError(report_) from None
    misused = macros.problems(tree)
    if misused:
        raise CompileError(report(source, misused))
    try:
        compiled = engine.compile(translate.translate(tree))
    except Exception as error:
        raise CompileError(_grammar_report(source) or _engine_report(error) or str(error)) from None
    return Program(source, tree, compiled)


def report(source: str, problems: list[tuple[str, int]]) -> str:
    """Findings as cel-go prints them: place, message, the line, and a pointer under it."""
    return "\n".join(_pointed(source, message, at) for message, at in problems)


def _pointed(source: str, message: str, at: int) -> str:
    line = source.count("\n", 0, at) + 1
    start = source.rfind("\n", 0, at) + 1
    end = source.find("\n", at)
    text = source[start:] if end < 0 else source[start:end]
    column = at - start
    # Characters beyond ASCII are taken to be wide, and so is what stands under them.
    dots = "".join("." if char.isascii() else "\uff0e" for char in text[:column])
    sign = "^" if text[column : column + 1].isascii() else "\uff3e"
    place = f"ERROR: <input>:{line}:{column + 1}: {message}"
    return f"{place}\n | {text.replace(_TAB, ' ')}\n | {dots}{sign}" if source else place


def _grammar_report(source: str) -> str:
    """The engine's own words where it refuses the source as it stands: its grammar is cel-go's."""
    try:
        library.engine().compile(source)
    except Exception as error:
        return _engine_report(error)
    return ""


def _engine_report(error: Exception) -> str:
    """The findings in an engine's exception; empty where it has none of cel-go's."""
    text = str(error)
    start = text.find("ERROR: <input>")
    if start < 0:
        return ""
    found: list[str] = []
    for part in ("\n" + text[start:]).split("\nERROR: ")[1:]:
        if "unsupported syntax" not in part and not _OF_THE_ENGINE.match(part):
            found.append("ERROR: " + part.strip("\n").replace("\n|", "\n |"))
    return "\n".join(found)


def _explained(error: Exception) -> str:
    """An engine's exception in cel-go's words."""
    text = str(error)
    wrapped = _WRAPPED.match(text)
    if wrapped:
        return wrapped.group(1)
    if isinstance(error, KeyError):
        key = _UNKNOWN_FIELD.match(text)
        return f"no such key: {key.group(1) if key else text}"
    if isinstance(error, ZeroDivisionError):
        return "modulus by zero" if "mod" in text else "division by zero"
    if isinstance(error, OverflowError):
        return "integer overflow"
    if isinstance(error, TypeError):
        return "no such overload"
    undefined = _UNDEFINED.search(text)
    if undefined:
        return f"undeclared reference to '{undefined.group(1)}' (in container '')"
    return text


@lru_cache(maxsize=1)
def _functions() -> dict[str, Callable[..., Any]]:
    from minikctl.apimachinery.cel import functions, kubetypes, operations

    clock = {f"{name}__": operations.FUNCTIONS[name] for name in declarations.CLOCK}
    return {**functions.FUNCTIONS, **kubetypes.FUNCTIONS, **clock}
