"""Type checking of a ValidatingAdmissionPolicy against the kinds it matches: warnings for its status.

Counterpart of `admission/plugin/policy/validating/typechecking.go`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery import cel, openapi
from minikctl.apimachinery.cel import typing
from minikctl.apimachinery.cel.schematypes import declared
from minikctl.apimachinery.cel.scopes import policy_scope
from minikctl.apimachinery.cel.types import DYN, STRING, Type, of_schema

if TYPE_CHECKING:
    from minikctl.apimachinery.cel.syntax import Node
    from minikctl.apimachinery.cel.types import Scope
    from minikctl.apimachinery.request import Obj
    from minikctl.apimachinery.resources import Resource, ResourceSet

_MOST_KINDS = 10


def warnings(policy: Obj, resources: ResourceSet, definition: Callable[[Resource], Obj | None]) -> list[Obj]:
    """`status.typeChecking.expressionWarnings`: the expressions that cannot be meant for a kind matched.

    `definition` gives the CustomResourceDefinition behind a custom kind.
    """
    spec = policy["spec"]
    checked: list[tuple[Resource, Scope]] = []
    params = _params(spec.get("paramKind"), resources, definition)
    for kind in _kinds(policy, resources):
        found = _type_of(kind, definition)
        if found is not None:
            checked.append((kind, _scope(spec, found, params)))
    problems: list[Obj] = []
    for path, expression in _expressions(policy):
        texts = [text for kind, scope in checked if (text := _problem(expression, kind, scope))]
        if texts:
            problems.append({"fieldRef": path, "warning": "\n".join(texts)})
    return problems


def _expressions(policy: Obj) -> Iterator[tuple[str, str]]:
    for index, validation in enumerate(policy["spec"].get("validations") or ()):
        for name in ("expression", "messageExpression"):
            if validation.get(name):
                yield f"spec.validations[{index}].{name}", validation[name]


def _kinds(policy: Obj, resources: ResourceSet) -> list[Resource]:
    """The kinds that rules without wildcards name."""
    found: list[Resource] = []
    for rule in (policy["spec"].get("matchConstraints") or {}).get("resourceRules") or ():
        lists: list[Any] = [rule.get(name) or [] for name in ("apiGroups", "apiVersions", "resources")]
        if any("*" in values for values in lists):
            continue
        for group in lists[0]:
            for plural in lists[2]:
                rows = resources.versions(f"{plural}.{group}" if group else plural)
                found += [row for row in rows if row.version in lists[1] and row not in found]
    return sorted(found[:_MOST_KINDS], key=_shown)


def _shown(kind: Resource) -> str:
    return f"{kind.api_version}, Kind={kind.kind}"


def _type_of(kind: Resource, definition: Callable[[Resource], Obj | None]) -> Type | None:
    """The type of a kind's objects; None where no schema is known."""
    if not kind.custom:
        schema = openapi.schema_for(kind.api_version, kind.kind)
        return of_schema(schema) if schema is not None else None
    crd = definition(kind)
    for version in crd["spec"]["versions"] if crd is not None else ():
        raw = (version.get("schema") or {}).get("openAPIV3Schema")
        if version["name"] != kind.version or not raw:
            continue
        found = declared({**raw, "type": "object"})
        meta = openapi.schema_for("v1", "ConfigMap")
        fields = dict(found.fields or {}) if found is not None else {}
        fields |= {"apiVersion": STRING, "kind": STRING, "metadata": of_schema(meta and meta.prop("metadata"))}
        return Type("object", fields=fields)
    return None


def _params(reference: Obj | None, resources: ResourceSet, definition: Callable[[Resource], Obj | None]) -> Type | None:
    if not reference:
        return None
    row = resources.by_kind(reference.get("apiVersion") or "", reference.get("kind") or "")
    return _type_of(row, definition) if row is not None else None


def _scope(spec: Obj, kind: Type, params: Type | None) -> Scope:
    """What the expressions of a policy name, for objects of one type."""
    variables: dict[str, Type] = {}
    scope: dict[str, Type] = {}
    for variable in (*(spec.get("variables") or ()), None):
        scope = {**policy_scope(params is not None, True, variables), "object": kind, "oldObject": kind}
        if params is not None:
            scope["params"] = params
        if variable is not None:
            tree = _tree(variable["expression"])
            found = typing.check(tree, scope) if tree is not None else (DYN, [])
            variables = {**variables, variable["name"]: DYN if found[1] else found[0]}
    return scope


def _tree(expression: str) -> Node | None:
    try:
        return cel.compile_(expression.strip()).tree
    except (cel.CompileError, cel.LibraryMissingError):
        return None


def _problem(expression: str, kind: Resource, scope: Scope) -> str:
    tree = _tree(expression)
    _, problems = typing.check(tree, scope) if tree is not None else (None, [])
    return f"{_shown(kind)}: {cel.report(expression.strip(), list(problems))}" if problems else ""
