"""A CEL tree written for the engine: Kubernetes' dialect in the terms of plain CEL and functions.

The engine knows standard CEL. Optional selections, messages (`Object{...}`), comprehensions over two
variables, `cel.bind`, escaped names and namespaced functions become calls of what `functions` defines.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from minikctl.apimachinery.cel.declarations import CLOCK, NAMESPACES
from minikctl.apimachinery.cel.syntax import KEYWORDS, Node

_COMPREHENSIONS = frozenset(
    {"all", "exists", "exists_one", "existsOne", "transformList", "transformMap", "transformMapEntry"}
)
_NATIVE = {"existsOne": "exists_one"}
# Functions that stand in for the engine's own of that name.
_REPLACED = frozenset({"matches", "size", "string", *CLOCK})
_ESCAPES = {"__underscores__": "__", "__dot__": ".", "__dash__": "-", "__slash__": "/"}
_CODES = re.compile("|".join(_ESCAPES))
_ESCAPED = {text: code for code, text in _ESCAPES.items()}
_SPECIAL = re.compile("__|[-./]")


def unescape(name: str) -> str:
    """The property that an escaped CEL name stands for (`foo__dash__bar` is foo-bar)."""
    if "__" not in name:
        return name
    if name.startswith("__") and name.endswith("__") and name[2:-2] in KEYWORDS:
        return name[2:-2]
    return _CODES.sub(lambda code: _ESCAPES[code.group()], name)


def escape(name: str) -> str:
    """The CEL name of a property."""
    if name in KEYWORDS:
        return f"__{name}__"
    return _SPECIAL.sub(lambda text: _ESCAPED[text.group()], name)


def translate(node: Node) -> str:
    """The expression as the engine takes it."""
    return _Writer().write(node, {})


class _Writer:
    """Writes one expression; `renamed` maps variables in scope to what stands for them."""

    def __init__(self) -> None:
        self._fresh = 0

    def write(self, node: Node, renamed: dict[str, str]) -> str:
        kind, parts = node.kind, node.parts
        if kind == "literal":
            return str(parts[0])
        if kind == "ident":
            return renamed.get(parts[0], str(parts[0]))
        if kind == "select":
            return self._select(node, renamed)
        if kind == "index":
            operand, key = self.write(parts[0], renamed), self.write(parts[1], renamed)
            return f"opt__({operand}, {key})" if parts[2] else f"{operand}[{key}]"
        if kind == "unary":
            return f"({parts[0]}({self.write(parts[1], renamed)}))"
        if kind == "binary":
            return f"({self.write(parts[1], renamed)} {parts[0]} {self.write(parts[2], renamed)})"
        if kind == "choice":
            condition, yes, no = (self.write(part, renamed) for part in parts)
            return f"({condition} ? {yes} : {no})"
        if kind == "list":
            return self._list(parts[0], renamed)
        if kind == "map":
            return self._map(((self.write(k, renamed), v, o) for k, v, o in parts[0]), renamed)
        if kind == "struct":
            return self._map(((json.dumps(k), v, o) for k, v, o in parts[1]), renamed)
        return self._call(node, renamed)

    def _select(self, node: Node, renamed: dict[str, str]) -> str:
        operand, name, optional = node.parts
        if operand.kind == "ident" and operand.parts[0] == "variables" and not optional:
            return f"variables__{name}"
        written, field = self.write(operand, renamed), unescape(name)
        if optional:
            return f"opt__({written}, {json.dumps(field)})"
        if operand.kind in ("literal", "unary"):
            written = f"({written})"
        if field == name and field not in KEYWORDS:
            return f"{written}.{field}"
        return f"{written}[{json.dumps(field)}]"

    def _list(self, items: Iterable[tuple[Node, bool]], renamed: dict[str, str]) -> str:
        written = [(self.write(item, renamed), optional) for item, optional in items]
        if not any(optional for _, optional in written):
            return f"[{', '.join(text for text, _ in written)}]"
        parts = [f"({text}.hasValue() ? [{text}.value()] : [])" if opt else f"[{text}]" for text, opt in written]
        return f"flat__([{', '.join(parts)}])"

    def _map(self, entries: Iterable[tuple[str, Node, bool]], renamed: dict[str, str]) -> str:
        written = [(key, self.write(value, renamed), optional) for key, value, optional in entries]
        if not any(optional for _, _, optional in written):
            return "{" + ", ".join(f"{key}: {text}" for key, text, _ in written) + "}"
        parts = [
            f"({text}.hasValue() ? [[{key}, {text}.value()]] : [])" if opt else f"[[{key}, {text}]]"
            for key, text, opt in written
        ]
        return f"mapof__(flat__([{', '.join(parts)}]))"

    def _call(self, node: Node, renamed: dict[str, str]) -> str:
        target, name, arguments = node.parts
        if target is None:
            return self._global(name, arguments, renamed)
        if target.kind == "ident" and target.parts[0] == "cel" and name == "bind" and len(arguments) == 3:
            return self._bind(arguments, renamed)
        if target.kind == "ident" and target.parts[0] == "optional" and name != "unwrap":
            return f"optional.{name}({self._each(arguments, renamed)})"
        if target.kind == "ident" and target.parts[0] in NAMESPACES and target.parts[0] not in renamed:
            return f"{target.parts[0]}__{name}({self._each(arguments, renamed)})"
        operand = self.write(target, renamed)
        if target.kind in ("literal", "unary"):
            operand = f"({operand})"
        if name in ("optMap", "optFlatMap") and len(arguments) == 2 and arguments[0].kind == "ident":
            return self._opt_map(operand, name, arguments, renamed)
        if name in _COMPREHENSIONS and len(arguments) >= 3 and arguments[1].kind == "ident":
            return self._over_entries(operand, name, arguments, renamed)
        if name == "sortBy" and len(arguments) == 2 and arguments[0].kind == "ident":
            return f"sortby__({operand}, {self._comprehension(operand, 'map', arguments, renamed)})"
        if name in ("all", "exists", "exists_one", "existsOne", "map", "filter") and len(arguments) >= 2:
            return self._comprehension(operand, name, arguments, renamed)
        if name in _REPLACED:
            name += "__"
        return f"{operand}.{name}({self._each(arguments, renamed)})"

    def _each(self, arguments: Iterable[Node], renamed: dict[str, str]) -> str:
        return ", ".join(self.write(argument, renamed) for argument in arguments)

    def _global(self, name: str, arguments: tuple[Node, ...], renamed: dict[str, str]) -> str:
        if name == "has" and len(arguments) == 1 and arguments[0].kind == "select":
            operand, field, optional = arguments[0].parts
            written = self.write(operand, renamed)
            if optional:
                return f"opt__({written}, {json.dumps(unescape(field))}).hasValue()"
            if unescape(field) == field and field not in KEYWORDS:
                return f"has({written}.{field})"
            return f"({json.dumps(unescape(field))} in {written})"
        if name in _REPLACED:
            name += "__"
        return f"{name}({self._each(arguments, renamed)})"

    def _bind(self, arguments: tuple[Node, ...], renamed: dict[str, str]) -> str:
        name = arguments[0].parts[0]
        value = self.write(arguments[1], renamed)
        inner = {key: text for key, text in renamed.items() if key != name}
        return f"[{value}].map({name}, {self.write(arguments[2], inner)})[0]"

    def _opt_map(self, operand: str, name: str, arguments: tuple[Node, ...], renamed: dict[str, str]) -> str:
        variable = arguments[0].parts[0]
        inner = {key: text for key, text in renamed.items() if key != variable}
        body = f"[{operand}.value()].map({variable}, {self.write(arguments[1], inner)})[0]"
        if name == "optMap":
            body = f"optional.of({body})"
        return f"({operand}.hasValue() ? {body} : optional.none())"

    def _comprehension(self, operand: str, name: str, arguments: tuple[Node, ...], renamed: dict[str, str]) -> str:
        variable = arguments[0].parts[0]
        inner = {key: text for key, text in renamed.items() if key != variable}
        bodies = ", ".join(self.write(body, inner) for body in arguments[1:])
        return f"{operand}.{_NATIVE.get(name, name)}({variable}, {bodies})"

    def _over_entries(self, operand: str, name: str, arguments: tuple[Node, ...], renamed: dict[str, str]) -> str:
        """A comprehension over key (or index) and value, as one over pairs."""
        self._fresh += 1
        pair = f"pair{self._fresh}__"
        inner = {**renamed, arguments[0].parts[0]: f"{pair}.k", arguments[1].parts[0]: f"{pair}.v"}
        bodies = [self.write(body, inner) for body in arguments[2:]]
        source = f"pairs__({operand})"
        if not name.startswith("transform"):
            return f"{source}.{_NATIVE.get(name, name)}({pair}, {bodies[0]})"
        if len(bodies) == 2:
            source = f"{source}.filter({pair}, {bodies[0]})"
        if name == "transformList":
            return f"{source}.map({pair}, {bodies[-1]})"
        if name == "transformMap":
            return f"mapof__({source}.map({pair}, [{pair}.k, {bodies[-1]}]))"
        return f"merged__({source}.map({pair}, {bodies[-1]}))"
