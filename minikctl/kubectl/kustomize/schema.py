"""The fields of a kustomization file and their types, and checking a file against them.

Upstream counterpart: kustomize's `types`, decoded with encoding/json and unknown fields refused.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.jsonsyntax import json_type
from minikctl.kubectl.kustomize.problem import KustomizeError
from minikctl.kubectl.manifest import ParseError, parse_yaml

STRING, BOOL, INT, ANY = "string", "bool", "int", "interface {}"
STRINGS = "[]string"
MAP = "map[string]string"

_SELECTOR: dict[str, Any] = {
    "": "Selector",
    "group": STRING, "version": STRING, "kind": STRING, "name": STRING, "namespace": STRING,
    "labelSelector": STRING, "annotationSelector": STRING,
}  # fmt: skip
FIELD_SPECS = [{"": "FieldSpec", "group": STRING, "version": STRING, "kind": STRING, "path": STRING, "create": BOOL}]
_OPTIONS = {
    "": "GeneratorOptions", "labels": MAP, "annotations": MAP, "disableNameSuffixHash": BOOL, "immutable": BOOL,
}  # fmt: skip
_GENERATOR: dict[str, Any] = {
    "": "ConfigMapArgs",
    "namespace": STRING, "name": STRING, "behavior": STRING, "literals": STRINGS, "files": STRINGS, "envs": STRINGS,
    "env": STRING, "options": _OPTIONS,
}  # fmt: skip
PATCH: dict[str, Any] = {
    "": "Patch",
    "path": STRING, "patch": STRING, "target": _SELECTOR,
    "options": {"": "PatchArgs", "allowNameChange": BOOL, "allowKindChange": BOOL},
}  # fmt: skip
IMAGE = {"": "Image", "name": STRING, "newName": STRING, "tagSuffix": STRING, "newTag": STRING, "digest": STRING}
_FIELD_OPTIONS = {"": "FieldOptions", "delimiter": STRING, "index": INT, "encoding": STRING, "create": BOOL}
REPLACEMENT: dict[str, Any] = {
    "": "ReplacementField",
    "path": STRING,
    "sourceValue": STRING,
    "source": {
        **dict.fromkeys(("group", "version", "kind", "name", "namespace", "fieldPath"), STRING),
        "options": _FIELD_OPTIONS,
    },
    "targets": [{"select": _SELECTOR, "reject": [_SELECTOR], "fieldPaths": STRINGS, "options": _FIELD_OPTIONS}],
}  # fmt: skip
_LABEL: dict[str, Any] = {
    "": "Label",
    "pairs": MAP, "includeSelectors": BOOL, "includeTemplates": BOOL, "includeVolumeClaimTemplates": BOOL,
    "fields": FIELD_SPECS,
}  # fmt: skip

KUSTOMIZATION: dict[str, Any] = {
    "": "Kustomization",
    "apiVersion": STRING, "kind": STRING,
    "metadata": {"name": STRING, "namespace": STRING, "labels": MAP, "annotations": MAP},
    "openapi": MAP, "namePrefix": STRING, "nameSuffix": STRING, "namespace": STRING, "commonLabels": MAP,
    "labels": [_LABEL], "commonAnnotations": MAP, "patchesStrategicMerge": STRINGS, "patchesJson6902": [PATCH],
    "patches": [PATCH], "images": [IMAGE], "imageTags": [IMAGE], "replacements": [REPLACEMENT],
    "replicas": [{"": "Replica", "name": STRING, "count": "int64"}],
    "vars": [{
        "": "Var",
        "name": STRING,
        "objref": dict.fromkeys(("apiVersion", "group", "version", "kind", "name", "namespace"), STRING),
        "fieldref": {"fieldPath": STRING, "fieldpath": STRING},
    }],
    "sortOptions": {
        "": "SortOptions", "order": STRING, "legacySortOptions": {"orderFirst": STRINGS, "orderLast": STRINGS},
    },
    "resources": STRINGS, "components": STRINGS, "crds": STRINGS, "bases": STRINGS,
    "configMapGenerator": [_GENERATOR], "secretGenerator": [{**_GENERATOR, "": "SecretArgs", "type": STRING}],
    "helmGlobals": ANY, "helmCharts": [ANY], "helmChartInflationGenerator": [ANY], "generatorOptions": _OPTIONS,
    "configurations": STRINGS, "generators": STRINGS, "transformers": STRINGS, "validators": STRINGS,
    "inventory": ANY, "buildMetadata": STRINGS,
}  # fmt: skip

_DEPRECATED = {
    "bases": "resources", "imageTags": "images", "patchesJson6902": "patches", "patchesStrategicMerge": "patches",
    "vars": "replacements", "commonLabels": "labels",
}  # fmt: skip
_INVALID = "invalid Kustomization: json: "
_VERSIONS = {"Kustomization": "kustomize.config.k8s.io/v1beta1", "Component": "kustomize.config.k8s.io/v1alpha1"}


def read(data: bytes, name: str, root: str) -> tuple[dict[str, Any], list[str]]:
    """A checked kustomization, deprecated fields moved to their successors, and warnings about them."""
    try:
        value = parse_yaml(data)
    except ParseError as error:
        why = str(error).removeprefix("error converting YAML to JSON: ")
        raise KustomizeError(f"invalid Kustomization: {why}") from None
    if value is None:
        raise KustomizeError(f"{name} is empty")
    value = check(value, KUSTOMIZATION)
    empty = all(item == "" for key, item in value.items() if key not in ("apiVersion", "kind", "metadata"))
    if empty:
        raise KustomizeError(f"{name} is empty")
    warnings = [_warning(old) for old in _DEPRECATED if old in value]
    value["resources"] = [*(value.get("resources") or ()), *(value.pop("bases", None) or ())]
    value["images"] = [*(value.get("images") or ()), *(value.pop("imageTags", None) or ())]
    kind = value["kind"] = value.get("kind") or "Kustomization"
    problems = []
    if kind not in _VERSIONS:
        problems.append("kind should be Kustomization or Component")
    required = _VERSIONS.get(kind, _VERSIONS["Kustomization"])
    if value.get("apiVersion") and value["apiVersion"] != required:
        problems.append(f"apiVersion for {kind} should be {required}")
    if problems:
        raise KustomizeError(f"Failed to read kustomization file under {root}:\n" + "\n".join(problems))
    return value, warnings


def _warning(old: str) -> str:
    fix = "Run 'kustomize edit fix' to update your Kustomization automatically."
    tag = "[EXPERIMENTAL] " if old == "vars" else ""
    return f"# Warning: '{old}' is deprecated. Please use '{_DEPRECATED[old]}' instead. {tag}{fix}"


def check(value: Any, shape: Any, struct: str = "", path: str = "") -> Any:
    """The value if it has this shape; nulls are left out. Raises with encoding/json's words."""
    if isinstance(shape, dict):
        return _check_struct(value, shape, struct, path)
    if isinstance(shape, list):
        if not isinstance(value, list):
            element = shape[0].get("", "") if isinstance(shape[0], dict) else ANY
            raise _mismatch(value, struct, path, f"[]types.{element}")
        return [check(item, shape[0], struct, path) for item in value if item is not None]
    if not _fits(value, shape):
        if shape == STRINGS and isinstance(value, list):
            raise _mismatch(next(item for item in value if not isinstance(item, str | None)), struct, path, STRING)
        if shape == MAP and isinstance(value, dict):
            wrong = next(item for item in value.values() if not isinstance(item, str | None))
            raise _mismatch(wrong, struct, path, STRING)
        raise _mismatch(value, struct, path, shape)
    if shape == MAP:
        return {key: item or "" for key, item in value.items()}
    return [item or "" for item in value] if shape == STRINGS else value


def _check_struct(value: Any, shape: dict[str, Any], struct: str, path: str) -> dict[str, Any]:
    name = shape.get("") or struct
    if not isinstance(value, dict):
        raise _mismatch(value, struct, path, f"types.{name}")
    folded = {known.lower(): known for known in shape if known}
    result = {}
    for key, item in sorted(value.items()):  # as the JSON that kustomize makes of it has them
        known = key if key in shape and key else folded.get(key.lower())
        if known is None:
            raise KustomizeError(f'{_INVALID}unknown field "{key}"')
        if item is not None:
            result[known] = check(item, shape[known], name, f"{path}.{known}" if path else known)
    return result


def _mismatch(value: Any, struct: str, path: str, wanted: str) -> KustomizeError:
    into = f"Go struct field {struct}.{path} of type {wanted}" if path else f"Go value of type {wanted}"
    return KustomizeError(f"{_INVALID}cannot unmarshal {json_type(value)} into {into}")


def _fits(value: Any, shape: str) -> bool:
    if shape == STRING:
        return isinstance(value, str)
    if shape == BOOL:
        return isinstance(value, bool)
    if shape in (INT, "int64"):
        return isinstance(value, int) and not isinstance(value, bool)
    if shape == STRINGS:
        return isinstance(value, list) and all(isinstance(item, str | None) for item in value)
    if shape == MAP:
        return isinstance(value, dict) and all(isinstance(item, str | None) for item in value.values())
    return True
