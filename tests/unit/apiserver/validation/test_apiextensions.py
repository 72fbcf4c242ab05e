"""CustomResourceDefinitions that are refused."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from minikctl.apimachinery.regexpproblems import regexp_problem
from minikctl.apiserver import defaults, validation

KEY = "customresourcedefinitions.apiextensions.k8s.io"


def crd(prop: dict[str, Any] | None = None) -> dict[str, Any]:
    spec: dict[str, Any] = {"type": "object", "properties": prop or {}}
    obj: dict[str, Any] = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "kites.toys.example.com"},
        "spec": {
            "group": "toys.example.com",
            "names": {"plural": "kites", "kind": "Kite"},
            "scope": "Namespaced",
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}},
                }
            ],
        },
        "status": {"storedVersions": ["v1"]},
    }
    defaults.apply(KEY, "v1", obj)
    return obj


def refused(obj: dict[str, Any]) -> list[str]:
    return [str(error) for error in validation.create(KEY, obj)]


def test_a_plain_one_passes() -> None:
    assert refused(crd()) == []


@pytest.mark.parametrize(
    ("prop", "message"),
    [
        ({"colour": {"enum": ["red"]}}, "[colour].type: Required value: must not be empty for specified object fields"),
        (
            {"wind": {"type": "float"}},
            '[wind].type: Unsupported value: "float": supported values: "array", "boolean", "integer", "number",'
            ' "object", "string"',
        ),
        ({"lists": {"type": "array"}}, "[lists].items: Required value: must be specified"),
        (
            {"tail": {"type": "string", "default": 3}},
            '[tail].default: Invalid value: "integer":  in body must be of type string: "integer"',
        ),
        (
            {"keyed": {"type": "array", "x-kubernetes-list-type": "map", "items": {"type": "object"}}},
            "[keyed].x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map",
        ),
        (
            {
                "both": {
                    "type": "object",
                    "additionalProperties": {"type": "string"},
                    "properties": {"a": {"type": "string"}},
                }
            },
            "[both].additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive",
        ),
        (
            {"name": {"type": "string", "pattern": "[a-"}},
            '[name].pattern: Invalid value: "[a-": must be a valid regular expression, but isn\'t: error parsing'
            " regexp: missing closing ]: `[a-`",
        ),
        (
            {"open": {"type": "object", "x-kubernetes-preserve-unknown-fields": False}},
            "[open].x-kubernetes-preserve-unknown-fields: Invalid value: false: must be true or undefined",
        ),
    ],
)
def test_schemas_that_are_refused(prop: dict[str, Any], message: str) -> None:
    assert refused(crd(prop)) == [f"spec.validation.openAPIV3Schema.properties[spec].properties{message}"]


def test_names_versions_and_scope() -> None:
    obj = crd()
    obj["metadata"]["name"] = "kite.toys.example.com"
    obj["spec"]["names"]["singular"] = "Kite_s"
    obj["spec"]["scope"] = "Everywhere"
    obj["spec"]["versions"].append({**copy.deepcopy(obj["spec"]["versions"][0]), "name": "v2"})
    errors = refused(obj)
    assert [error.partition(":")[0] for error in errors] == [
        "metadata.name",
        "spec.scope",
        "spec.versions",
        "spec.names.singular",
        "status.storedVersions",
    ]
    assert '"Schema":null' in errors[2]
    assert errors[4] == 'status.storedVersions: Invalid value: ["v1"]: must have the storage version v2'


def test_a_missing_schema_and_a_protected_group() -> None:
    obj = crd()
    del obj["spec"]["versions"][0]["schema"]
    assert refused(obj) == ["spec.versions[0].schema.openAPIV3Schema: Required value"]
    obj = crd()
    obj["spec"]["group"] = "toys.k8s.io"
    obj["metadata"]["name"] = "kites.toys.k8s.io"
    assert refused(obj) == [
        "metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must have approval"
        ' annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111'
    ]


def test_what_must_stay() -> None:
    old = crd()
    old["metadata"]["resourceVersion"] = "1"
    old["status"]["conditions"] = [{"type": "Established", "status": "True"}]
    new = copy.deepcopy(old)
    new["spec"]["scope"] = "Cluster"
    new["spec"]["names"]["kind"] = "Dragon"
    assert [str(error) for error in validation.update(KEY, new, old)] == [
        'spec.scope: Invalid value: "Cluster": field is immutable',
        'spec.names.kind: Invalid value: "Dragon": field is immutable',
    ]


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("^[a-z]+$", ""),
        (r"^(?i)a(b|c)*\d{2,3}?[[:alpha:]]\pL$", ""),
        ("[a-", "missing closing ]: `[a-`"),
        ("*a", "missing argument to repetition operator: `*`"),
        ("a**", "invalid nested repetition operator: `**`"),
        ("(a", "missing closing ): `(a`"),
        ("a)", "unexpected ): `a)`"),
        ("(?=a)", "invalid or unsupported Perl syntax: `(?=`"),
        (r"a\y", r"invalid escape sequence: `\y`"),
        ("a\\", "trailing backslash at end of expression: ``"),
        ("[z-a]", "invalid character class range: `z-a`"),
    ],
)
def test_regular_expressions_are_go_s(pattern: str, problem: str) -> None:
    assert regexp_problem(pattern) == (f"error parsing regexp: {problem}" if problem else "")


SPEC = "spec.validation.openAPIV3Schema.properties[spec]"


def test_an_unreadable_schema_is_not_judged_by_its_structure() -> None:
    text = "Forbidden: $ref is not supported"
    assert refused(crd({"a": {"$ref": "#/definitions/A"}})) == [f"{SPEC}.properties[a].$ref: {text}"]
    obj = crd({"a": {"type": "string", "$schema": "http://json-schema.org/schema#"}})
    assert refused(obj) == [
        "spec.validation.openAPIV3Schema: Invalid value: \"\": OpenAPIV3Schema 'schema' is not supported"
    ]


def test_an_empty_schema_is_there_but_has_no_type() -> None:
    obj = crd()
    obj["spec"]["versions"][0]["schema"] = {"openAPIV3Schema": {}}
    text = "Required value: must not be empty at the root"
    assert refused(obj) == [f"spec.validation.openAPIV3Schema.type: {text}"]


def test_nested_schemas_tell_no_rules_and_no_defaults() -> None:
    nested = {"default": False, "x-kubernetes-validations": [{"rule": "true"}]}
    assert refused(crd({"a": {"type": "boolean", "anyOf": [nested]}})) == [
        f"{SPEC}.properties[a].anyOf[0].default: Forbidden: must be undefined to be structural",
        f"{SPEC}.properties[a].anyOf[0].x-kubernetes-validations: Forbidden: must be empty to be structural",
    ]


def test_only_the_root_must_tell_what_its_junctors_speak_of() -> None:
    junctor = {"anyOf": [{"required": ["b"], "properties": {"b": {"minLength": 1}}}]}
    assert refused(crd({"a": {"type": "object", **junctor}})) == []
    obj = crd()
    obj["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["not"] = {"not": {"properties": {"b": {"minLength": 1}}}}
    root = "spec.validation.openAPIV3Schema"
    assert refused(obj) == [
        f"{root}.properties[b]: Required value: because it is defined in {root}.not.not.properties[b]"
    ]


def ruled(rule: dict[str, Any], **node: Any) -> dict[str, Any]:
    item = {"type": "object", "properties": {"a": {"type": "string"}}, "x-kubernetes-validations": [rule]}
    return crd({"list": {"type": "array", "maxItems": 3, "items": {**item, "required": ["a"]}, **node}})


def test_rules_about_old_values() -> None:
    at = f"{SPEC}.properties[list].items.x-kubernetes-validations[0]"
    looking = {"rule": "self == oldSelf"}
    assert refused(ruled(looking)) == [
        f'{at}.rule: Invalid value: "self == oldSelf": oldSelf cannot be used on the uncorrelatable portion of the'
        f" schema within {SPEC}.properties[list]"
    ]
    keyed = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["a"]}
    assert refused(ruled(looking, **keyed)) == []
    assert refused(ruled({"rule": "true", "optionalOldSelf": True})) == [
        f"{at}.optionalOldSelf: Invalid value: true: may not be set if oldSelf is not used in rule"
    ]


@pytest.mark.parametrize("where", [".a", "['a']"])
def test_field_paths_that_lead_somewhere(where: str) -> None:
    assert refused(ruled({"rule": "true", "fieldPath": where})) == []


@pytest.mark.parametrize("where", [".b", ".a.b", "a", ".", "['a'", "[a]", '["a"]'])
def test_field_paths_that_lead_nowhere(where: str) -> None:
    errors = refused(ruled({"rule": "true", "fieldPath": where}))
    assert len(errors) == 1
    assert errors[0].endswith(": must be a valid path")


def test_a_rule_is_judged_where_the_schema_below_it_is_sound() -> None:
    broken = {"type": "string", "x-kubernetes-validations": [{"rule": "self.size()"}]}
    errors = refused(crd({"a": broken, "b": {"type": "string", "uniqueItems": True}}))
    assert [error.partition(":")[0] for error in errors] == [
        f"{SPEC}.properties[b].uniqueItems",
        f"{SPEC}.properties[a].x-kubernetes-validations[0].rule",
    ]


def test_selectable_fields() -> None:
    obj = crd({"a": {"type": "string"}, "many": {"type": "array", "items": {"type": "string"}}})
    paths = [".spec.a", ".spec.b", ".spec.many", ".spec['a']", "spec", ".spec.", ".metadata.name", ".spec.a"]
    obj["spec"]["versions"][0]["selectableFields"] = [{"jsonPath": path} for path in paths]
    nowhere = "is an invalid path: does not refer to a valid field"
    kind = "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are"
    assert refused(obj) == [
        f'spec.selectableFields[1].jsonPath: Invalid value: ".spec.b": {nowhere}',
        f'spec.selectableFields[2].jsonPath: Invalid value: ".spec.many": {kind} allowed.',
        "spec.selectableFields[3].jsonPath: Invalid value: \".spec['a']\": is an invalid path: array notation is not"
        " allowed",
        'spec.selectableFields[4].jsonPath: Invalid value: "spec": is an invalid path: expected [ or . but got: spec',
        'spec.selectableFields[5].jsonPath: Invalid value: ".spec.": is an invalid path: unexpected end of JSON path',
        f'spec.selectableFields[6].jsonPath: Invalid value: ".metadata.name": {nowhere}',
        'spec.selectableFields[7].jsonPath: Duplicate value: ".spec.a"',
    ]


def test_fields_that_only_some_versions_can_select_are_told_of_each() -> None:
    obj = crd({"a": {"type": "string"}})
    first = obj["spec"]["versions"][0]
    first["selectableFields"] = [{"jsonPath": ".spec.a"}]
    second = {
        **copy.deepcopy(first),
        "name": "v2",
        "storage": False,
        "schema": copy.deepcopy(crd()["spec"]["versions"][0]["schema"]),
    }
    obj["spec"]["versions"].append(second)
    assert [error.partition(":")[0] for error in refused(obj)] == ["spec.versions[1].selectableFields[0].jsonPath"]


def test_the_first_version_s_name_is_told_of_twice_and_warnings_by_byte() -> None:
    obj = crd()
    version = obj["spec"]["versions"][0]
    version.update({"name": "V1", "deprecated": True, "deprecationWarning": "\u00fc\x07"})
    obj["status"]["storedVersions"] = ["V1"]
    errors = refused(obj)
    assert [error.partition(":")[0] for error in errors] == [
        "spec.versions[0].name",
        "spec.versions[0].deprecationWarning",
        "spec.version",
    ]
    assert errors[1].endswith("non-printable character found at index 2")


def test_a_schema_that_stays_must_bear_a_status_subresource_that_comes() -> None:
    old = crd()
    old["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["minProperties"] = 1
    old["metadata"]["resourceVersion"] = "1"
    new = copy.deepcopy(old)
    new["spec"]["versions"][0]["subresources"] = {"status": {}}
    errors = [str(error) for error in validation.update(KEY, new, old)]
    assert [error.partition(":")[0] for error in errors] == ["spec.validation.openAPIV3Schema"]


def test_a_definition_without_a_storage_version_has_none_stored() -> None:
    obj = crd()
    obj["spec"]["versions"][0]["storage"] = False
    obj["status"]["storedVersions"] = []
    assert refused(obj)[-1] == "status.storedVersions: Invalid value: null: must have at least one stored version"


def test_a_status_may_forget_stored_versions() -> None:
    old = crd()
    old["metadata"]["resourceVersion"] = "1"
    new = copy.deepcopy(old)
    new["status"]["storedVersions"] = []
    assert validation.status_update(KEY, new, old) == []


def test_a_default_with_unknown_fields_is_checked_all_the_same() -> None:
    node = {"type": "object", "properties": {"a": {"type": "string"}}, "default": {"a": 1, "b": 2}}
    assert [error.partition(": ")[0] for error in refused(crd({"o": node}))] == [
        f"{SPEC}.properties[o].default",
        f"{SPEC}.properties[o].default.a",
    ]


@pytest.mark.parametrize(
    ("node", "problem"),
    [
        ({"type": "string", "default": "b", "enum": ["a"]}, '.default: Unsupported value: "b": supported values: "a"'),
        (
            {"type": "array", "items": {"type": "integer"}, "default": ["a"]},
            '.default.[0]: Invalid value: "string": [0] in body must be of type integer: "string"',
        ),
        (
            {"type": "integer", "anyOf": [{"maximum": 1}, {"minimum": 5}], "default": 3},
            '.default: Invalid value: "": "" must validate at least one schema (anyOf)',
        ),
        (
            {"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}, "default": {}},
            ".default.a: Required value",
        ),
        (
            {
                "type": "object",
                "x-kubernetes-embedded-resource": True,
                "x-kubernetes-preserve-unknown-fields": True,
                "default": {"kind": "Pod"},
            },
            ".default.apiVersion: Required value",
        ),
        (
            {
                "type": "object",
                "x-kubernetes-embedded-resource": True,
                "properties": {"kind": {"type": "string", "default": ""}},
            },
            '.properties[kind].default: Invalid value: "": must result in valid metadata: kind: Invalid value: "": must'
            " not be empty",
        ),
    ],
)
def test_defaults_that_are_refused(node: dict[str, Any], problem: str) -> None:
    assert refused(crd({"o": node}))[0] == f"{SPEC}.properties[o]{problem}"


def test_defaults_of_maps_values_are_not_looked_at() -> None:
    assert refused(crd({"o": {"type": "object", "additionalProperties": {"type": "string", "default": 3}}})) == []


def test_defaults_must_satisfy_the_rules() -> None:
    pytest.importorskip("cel", reason="the engine is an extra")
    node = {"type": "integer", "default": 3, "x-kubernetes-validations": [{"rule": "self > 5", "message": "more"}]}
    assert refused(crd({"o": node})) == [f"{SPEC}.properties[o].default: Invalid value: 3: more"]


def test_defaults_and_unknown_fields_exclude_each_other() -> None:
    obj = crd({"a": {"type": "string", "default": "x"}})
    obj["spec"]["preserveUnknownFields"] = True
    assert [error.partition(": Invalid value: true: ")[2] for error in refused(obj)] == [
        "must be false in order to use defaults in the schema",
        "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead",
    ]


def test_integers_or_strings_may_be_told_of_first() -> None:
    either = {"anyOf": [{"type": "integer"}, {"type": "string"}]}
    flag = {"x-kubernetes-int-or-string": True}
    assert refused(crd({"a": {**flag, **either}, "b": {**flag, "allOf": [either, {"pattern": "^a"}]}})) == []
    at = f"{SPEC}.properties[a].allOf[1].anyOf"
    assert refused(crd({"a": {**flag, "allOf": [{"pattern": "^a"}, either]}})) == [
        f"{at}[0].type: Forbidden: must be empty to be structural",
        f"{at}[1].type: Forbidden: must be empty to be structural",
    ]


def test_versions_are_shown_whole() -> None:
    obj = crd({"a": {"type": "string", "maxLength": 3}})
    first = obj["spec"]["versions"][0]
    first["subresources"] = {"status": {}}
    obj["spec"]["versions"].append({"name": "v2", "served": True, "storage": True, "schema": {"openAPIV3Schema": {}}})
    (told,) = [error for error in refused(obj) if "exactly one" in error]
    assert '"Schema":{"OpenAPIV3Schema":{"ID":"","Schema":"","Ref":null,"Description":"","Type":"object",' in told
    assert '"Properties":{"a":{"ID":"","Schema":"","Ref":null,"Description":"","Type":"string",' in told
    assert '"MaxLength":3,"MinLength":null,"Pattern":"",' in told
    assert '"XListType":null,"XMapType":null,"XValidations":null}},"AdditionalProperties":null,' in told
    assert '"Subresources":{"Status":{},"Scale":null},"AdditionalPrinterColumns":null,"SelectableFields":null},' in told
    assert told.endswith(
        '"Subresources":null,"AdditionalPrinterColumns":null,"SelectableFields":null}]: must have exactly'
        " one version marked as storage version"
    )


def test_a_conversion_webhook_s_service_misses_names_crosswise() -> None:
    obj = crd()
    config = {"service": {"namespace": "shop", "port": 443}}
    webhook = {"clientConfig": config, "conversionReviewVersions": ["v1"]}
    obj["spec"]["conversion"] = {"strategy": "Webhook", "webhook": webhook}
    assert refused(obj) == ["spec.conversion.webhookClientConfig.service.namespace: Required value"]


def converted(bundle: str, established: bool = True) -> dict[str, Any]:
    obj = crd()
    obj["metadata"]["resourceVersion"] = "1"
    obj["status"]["conditions"] = [{"type": "Established", "status": str(established)}]
    config = {"url": "https://convert.example.com", "caBundle": bundle}
    webhook = {"clientConfig": config, "conversionReviewVersions": ["v1"]}
    obj["spec"]["conversion"] = {"strategy": "Webhook", "webhook": webhook}
    return obj


def test_a_bad_bundle_is_refused_once_the_definition_is_established() -> None:
    new, old = converted("XG4="), converted("")
    assert [str(error) for error in validation.update(KEY, new, old)] == [
        'spec.conversion.webhookClientConfig.caBundle: Invalid value: "XG4=": unable to load root certificates: unable'
        " to parse bytes as PEM block"
    ]
    assert validation.update(KEY, new, converted("", established=False)) == []
    assert validation.update(KEY, new, converted("AAAA")) == []
    assert refused(new) == []


def test_unknown_fields_that_are_kept_need_no_conversion() -> None:
    obj = converted("")
    obj["spec"]["preserveUnknownFields"] = True
    assert [error.partition(":")[0] for error in refused(obj)] == [
        "spec.conversion.strategy",
        "spec.preserveUnknownFields",
    ]
