"""Shell arithmetic: $(( ... )) with integers, variables, the usual operators."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from operator import add, eq, floordiv, ge, gt, le, lt, mod, mul, ne, sub

from minikctl.kubelet.runtime.shell import Unsupported

_BINARY = {ast.Add: add, ast.Sub: sub, ast.Mult: mul, ast.FloorDiv: floordiv, ast.Mod: mod}
_COMPARE = {ast.Eq: eq, ast.NotEq: ne, ast.Lt: lt, ast.LtE: le, ast.Gt: gt, ast.GtE: ge}


def evaluate(source: str, env: Mapping[str, str]) -> int:
    """The value of an expression; Unsupported where it is not understood."""
    text = source.strip().replace("&&", " and ").replace("||", " or ").replace("/", "//")
    if not text:
        return 0
    try:
        return _value(ast.parse(text, mode="eval").body, env)
    except (SyntaxError, ValueError, ZeroDivisionError) as error:
        raise Unsupported(f"arithmetic {source}") from error


def _value(node: ast.expr, env: Mapping[str, str]) -> int:
    if isinstance(node, ast.Constant) and isinstance(node.value, int):
        return node.value
    if isinstance(node, ast.Name):
        return int(env.get(node.id) or "0")
    if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        return int(_BINARY[type(node.op)](_value(node.left, env), _value(node.right, env)))
    if isinstance(node, ast.UnaryOp):
        operand = _value(node.operand, env)
        return {ast.USub: -operand, ast.UAdd: operand, ast.Not: int(not operand)}.get(type(node.op), operand)
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        return int(_COMPARE[type(node.ops[0])](_value(node.left, env), _value(node.comparators[0], env)))
    if isinstance(node, ast.BoolOp):
        values = [_value(value, env) for value in node.values]
        return int(all(values) if isinstance(node.op, ast.And) else any(values))
    if isinstance(node, ast.IfExp):
        return _value(node.body if _value(node.test, env) else node.orelse, env)
    raise ValueError(ast.dump(node))
