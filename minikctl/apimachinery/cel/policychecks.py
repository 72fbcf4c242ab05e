"""Type checking of a ValidatingAdmissionPolicy against the kinds it matches: warnings for its status.

Counterpart of `admission/plugin/policy/validating/typechecking.go`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery import cel, openapi
from minikctl.apimachinery.cel import typing
from minikctl.apimachinery.cel.scopes import policy_scope_of

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.apimachinery.resources import Resource, ResourceSet

_MOST_KINDS = 10


def warnings(policy: Obj, resources: ResourceSet) -> list[Obj]:
    """`status.typeChecking.expressionWarnings`: the expressions that cannot be meant for a kind matched."""
    kinds = _kinds(policy, resources)
    found: list[Obj] = []
    for path, expression in _expressions(policy):
        texts = [text for kind in kinds if (text := _problem(expression, kind))]
        if texts:
            found.append({"fieldRef": path, "warning": "\n".join(texts)})
    return found


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
    return found[:_MOST_KINDS]


def _problem(expression: str, kind: Resource) -> str:
    schema = None if kind.custom else openapi.schema_for(kind.api_version, kind.kind)
    if schema is None:
        return ""
    try:
        tree = cel.compile_(expression.strip()).tree
    except (cel.CompileError, cel.LibraryMissingError):
        return ""
    _, problems = typing.check(tree, policy_scope_of(schema))
    if not problems:
        return ""
    return f"{kind.api_version}, Kind={kind.kind}: {cel.report(expression.strip(), list(problems))}"
