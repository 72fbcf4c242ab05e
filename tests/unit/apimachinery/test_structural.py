from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minikctl.apimachinery import decodeproblems, gotime, structural
from minikctl.apimachinery.openapi import Schema, from_crd, schema_for

TEMPLATE = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "web", "image": "nginx"}]}}


def schema(api_version: str, kind: str) -> Schema:
    found = schema_for(api_version, kind)
    assert found is not None
    return found


POD = schema("v1", "Pod")
DEPLOYMENT = schema("apps/v1", "Deployment")


def deployment(**spec: Any) -> dict[str, Any]:
    spec = {"selector": {"matchLabels": {"a": "b"}}, "template": copy.deepcopy(TEMPLATE), **spec}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}


def pod(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": spec}


def container(**fields: Any) -> dict[str, Any]:
    return pod(containers=[{"name": "web", "image": "nginx", **fields}])


def test_a_valid_object_has_no_problems() -> None:
    assert structural.decode(deployment(), DEPLOYMENT) == structural.Decoded("", [])


def test_unknown_fields_are_named_in_the_order_of_their_names() -> None:
    obj = deployment(replica=3)
    obj["spec"]["template"]["spec"]["containers"][0].update(port=[1], imagePullpolicy="Always")
    assert structural.check(obj, DEPLOYMENT) == [
        'unknown field "spec.replica"',
        'unknown field "spec.template.spec.containers[0].imagePullpolicy"',
        'unknown field "spec.template.spec.containers[0].port"',
    ]
    structural.prune(obj, DEPLOYMENT)
    assert structural.check(obj, DEPLOYMENT) == []
    assert sorted(obj["spec"]) == ["selector", "strategy", "template"]
    assert sorted(obj["spec"]["template"]["spec"]["containers"][0]) == ["image", "name", "resources"]


FIELD = "json: cannot unmarshal {} into Go struct field {} of type {}"


@pytest.mark.parametrize(
    ("obj", "kind", "message"),
    [
        (deployment(replicas="two"), DEPLOYMENT, FIELD.format("string", "DeploymentSpec.spec.replicas", "int32")),
        (deployment(replicas=1.5), DEPLOYMENT, FIELD.format("number 1.5", "DeploymentSpec.spec.replicas", "int32")),
        (
            deployment(replicas=3000000000),
            DEPLOYMENT,
            FIELD.format("number 3000000000", "DeploymentSpec.spec.replicas", "int32"),
        ),
        (deployment(paused="yes"), DEPLOYMENT, FIELD.format("string", "DeploymentSpec.spec.paused", "bool")),
        (
            deployment(template=[]),
            DEPLOYMENT,
            FIELD.format("array", "DeploymentSpec.spec.template", "v1.PodTemplateSpec"),
        ),
        (
            deployment(strategy={"type": 1}),
            DEPLOYMENT,
            FIELD.format("number", "DeploymentStrategy.spec.strategy.type", "v1.DeploymentStrategyType"),
        ),
        (pod(containers="x"), POD, FIELD.format("string", "PodSpec.spec.containers", "[]v1.Container")),
        (pod(nodeSelector=["a"]), POD, FIELD.format("array", "PodSpec.spec.nodeSelector", "map[string]string")),
        (container(command=[1]), POD, FIELD.format("number", "Container.spec.containers.command", "string")),
        (
            container(env=[{"name": "A", "value": 5}]),
            POD,
            FIELD.format("number", "EnvVar.spec.containers.env.value", "string"),
        ),
        (
            container(ports=[{"containerPort": 80, "protocol": True}]),
            POD,
            FIELD.format("bool", "ContainerPort.spec.containers.ports.protocol", "v1.Protocol"),
        ),
        (
            container(livenessProbe={"httpGet": {"port": True}}),
            POD,
            FIELD.format("bool", "HTTPGetAction.spec.containers.livenessProbe.httpGet.port", "int32"),
        ),
        (
            container(resources={"limits": []}),
            POD,
            FIELD.format("array", "ResourceRequirements.spec.containers.resources.limits", "v1.ResourceList"),
        ),
        (
            container(resources={"limits": {"cpu": "many"}}),
            POD,
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
        ),
        (
            {"metadata": {"labels": {"count": 3}}},
            POD,
            FIELD.format("number", "ObjectMeta.metadata.labels", "string"),
        ),
        (
            {"metadata": {"creationTimestamp": "yesterday"}},
            POD,
            'parsing time "yesterday" as "2006-01-02T15:04:05Z07:00": cannot parse "yesterday" as "2006"',
        ),
        ({"data": {"a": "not-base64"}}, schema("v1", "Secret"), "illegal base64 data at input byte 3"),
        (
            {"data": {"a": True}},
            schema("v1", "ConfigMap"),
            FIELD.format("bool", "ConfigMap.data", "string"),
        ),
        ({"data": {"a": 1}}, schema("v1", "Secret"), FIELD.format("number", "Secret.data", "[]uint8")),
    ],
)
def test_wrong_types_are_fatal(obj: dict[str, Any], kind: Schema, message: str) -> None:
    found = structural.decode(obj, kind)
    assert (found.fatal, found.strict) == (message, [])


def test_the_first_type_error_is_reported_but_a_bad_quantity_comes_before_it() -> None:
    obj = pod(containers=[{"name": 1, "image": 2, "resources": {"limits": {"cpu": "x"}}}])
    assert structural.decode(obj, POD).fatal.startswith("quantities must match")
    obj["spec"]["containers"][0]["resources"] = {}
    assert structural.decode(obj, POD).fatal.startswith("json: cannot unmarshal number into Go struct field Container")


def test_objects_take_the_form_go_writes() -> None:
    obj = container(
        resources={"limits": {"cpu": 0.5, "memory": "1024Mi"}},
        env=[{"name": "CPU", "value": "", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}}],
        tty=False,
        args=[],
        securityContext={"privileged": False},
        livenessProbe={"httpGet": {"port": 0.0}, "initialDelaySeconds": 0},
        volumeMounts=None,
    )
    obj["metadata"].update(labels={}, creationTimestamp=None, annotations={"a": None})
    obj["spec"].update(hostNetwork=False, nodeName="", automountServiceAccountToken=False, securityContext={})
    assert structural.check(obj, POD) == []
    assert obj["metadata"] == {"name": "web", "annotations": {"a": ""}}
    assert obj["status"] == {}
    assert sorted(obj["spec"]) == ["automountServiceAccountToken", "containers", "securityContext"]
    assert obj["spec"]["containers"] == [
        {
            "name": "web",
            "image": "nginx",
            "resources": {"limits": {"cpu": "500m", "memory": "1Gi"}},
            "env": [{"name": "CPU", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "0"}}}],
            "securityContext": {"privileged": False},
            "livenessProbe": {"httpGet": {"port": 0}},
        }
    ]


def test_what_is_never_left_out() -> None:
    role = {"rules": None}
    assert structural.check(role, schema("rbac.authorization.k8s.io/v1", "Role")) == []
    assert role == {"rules": None, "metadata": {}}
    daemonset: dict[str, Any] = {}
    structural.check(daemonset, schema("apps/v1", "DaemonSet"))
    assert daemonset["status"]["desiredNumberScheduled"] == 0
    node: dict[str, Any] = {"status": {"conditions": [{"type": "Odd"}]}}
    structural.check(node, schema("v1", "Node"))
    assert node["status"]["conditions"] == [
        {"type": "Odd", "status": "", "lastHeartbeatTime": None, "lastTransitionTime": None}
    ]
    event: dict[str, Any] = {"lastTimestamp": "2026-01-02T03:04:05+01:00", "eventTime": "2026-01-02T03:04:05.25Z"}
    structural.check(event, schema("v1", "Event"))
    assert event["firstTimestamp"] is None
    assert event["lastTimestamp"] == "2026-01-02T02:04:05Z"
    assert event["eventTime"] == "2026-01-02T03:04:05.250000Z"


def test_base64_is_written_in_one_line() -> None:
    secret = {"data": {"a": "YQ==\n", "b": "Y\nWI="}}
    assert structural.check(secret, schema("v1", "Secret")) == []
    assert secret["data"] == {"a": "YQ==", "b": "YWI="}


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("", None), ("YQ==", None), ("YWI=", None), ("YW\nI=", None), ("YQ", 0), ("YQ=", 3), ("Y", 0), ("YWJjZ", 4),
        ("YQ==x", 4), ("Y=", 1), ("=", 0), ("YQ=a", 2), ("YWJj!", 4), ("\u00e9", 0),
    ],
)  # fmt: skip
def test_where_base64_breaks(text: str, at: int | None) -> None:
    assert decodeproblems.illegal_base64(text) == at


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", 'parsing time "" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "2006"'),
        (
            "2026-01-02",
            'parsing time "2026-01-02" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "T"',
        ),
        (
            "2026-01-02T03:04:05",
            'parsing time "2026-01-02T03:04:05" as "2006-01-02T15:04:05Z07:00": cannot parse "" as "Z07:00"',
        ),
        ("2026-02-30T03:04:05Z", 'parsing time "2026-02-30T03:04:05Z": day out of range'),
        ("2026-01-02T25:04:05Z", 'parsing time "2026-01-02T25:04:05Z": hour out of range'),
        ("2026-01-02T03:04:05Zz", 'parsing time "2026-01-02T03:04:05Zz": extra text: "z"'),
    ],
)
def test_time_problems_are_gos(text: str, problem: str) -> None:
    assert structural.canonical_time(text, 0) == ""
    assert gotime.problem(text) == problem


CUSTOM = from_crd(
    {
        "type": "object",
        "properties": {
            "spec": {
                "type": "object",
                "properties": {
                    "size": {"type": "integer"},
                    "port": {"x-kubernetes-int-or-string": True},
                    "targets": {
                        "type": "array",
                        "items": {"type": "object", "properties": {"name": {"type": "string"}}},
                    },
                    "extra": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                    "limits": {"type": "object", "additionalProperties": {"type": "integer"}},
                    "empty": {"type": "object"},
                },
            },
        },
    }
)


def test_custom_resources_are_pruned() -> None:
    obj: dict[str, Any] = {
        "apiVersion": "example.com/v1",
        "kind": "Backup",
        "metadata": {"name": "x", "colour": "red"},
        "spec": {
            "size": "not for decoding to judge",
            "colour": "blue",
            "port": "http",
            "targets": [{"name": "a", "port": 80}],
            "extra": {"any": {"thing": [1]}},
            "limits": {"a": 1},
            "empty": {"gone": 1},
        },
        "status": {"phase": "Done"},
    }
    assert structural.check(obj, CUSTOM) == [
        'unknown field "metadata.colour"',
        'unknown field "spec.colour"',
        'unknown field "spec.empty.gone"',
        'unknown field "spec.targets[0].port"',
        'unknown field "status"',
    ]
    structural.prune(obj, CUSTOM)
    assert structural.check(obj, CUSTOM) == []
    assert obj["metadata"] == {"name": "x"}
    assert obj["spec"]["targets"] == [{"name": "a"}]
    assert obj["spec"]["extra"] == {"any": {"thing": [1]}}
    assert "status" not in obj


LOOSE = from_crd(
    {
        "properties": {
            "s": {"type": "string"},
            "l": {"type": "array", "items": {"type": "string"}},
            "t": {"type": "object", "additionalProperties": True},
            "p": {
                "type": "object",
                "x-kubernetes-preserve-unknown-fields": True,
                "properties": {"k": {"type": "object"}},
            },
            "o": {
                "type": "object",
                "x-kubernetes-embedded-resource": True,
                "x-kubernetes-preserve-unknown-fields": True,
            },
        }
    }
)


def test_fields_of_what_has_no_schema_are_unknown() -> None:
    obj: dict[str, Any] = {
        "s": {"a": 1},
        "l": [{"b": 1}],
        "t": {"x": {"c": {"d": 1}}},
        "p": {"free": {"a": 1}, "k": {"e": 1}},
    }
    assert structural.check(obj, LOOSE) == [
        'unknown field "l[0].b"',
        'unknown field "p.k.e"',
        'unknown field "s.a"',
        'unknown field "t.x.c"',
    ]
    structural.prune(obj, LOOSE)
    assert obj == {"s": {}, "l": [{}], "t": {"x": {}}, "p": {"free": {"a": 1}, "k": {}}}


def test_what_embedded_objects_are_is_typed() -> None:
    meta = {"name": "x", "odd": 1, "creationTimestamp": None}
    obj: dict[str, Any] = {"o": {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"a": 1}}}
    assert structural.check(obj, LOOSE) == ['unknown field "o.metadata.odd"']
    structural.prune(obj, LOOSE)
    assert obj["o"] == {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": {"a": 1}}
    assert structural.decode({"o": {"kind": 3}}, LOOSE).fatal == "o.kind: Invalid value: 3: must be a string"
    assert structural.decode({"o": {"metadata": {"name": 3}}}, LOOSE).fatal == (
        'o.metadata: Invalid value: {"name":3}: json: cannot unmarshal number into Go struct field ObjectMeta.name'
        " of type string"
    )


def test_metadata_of_custom_resources_is_typed() -> None:
    found = structural.decode({"metadata": {"labels": {"a": 1}}}, CUSTOM)
    assert found.fatal == "json: cannot unmarshal number into Go struct field ObjectMeta.labels of type string"


def test_schemas_in_definitions_are_read_leniently() -> None:
    crd = schema("apiextensions.k8s.io/v1", "CustomResourceDefinition")
    inner = {"type": "object", "unheard": 1}
    root: dict[str, Any] = {"type": "object", "properties": {"a": {"type": "array", "items": inner}}, "other": 1}
    obj = {"spec": {"versions": [{"name": "v1", "schema": {"openAPIV3Schema": root}}]}}
    assert structural.check(obj, crd) == ['unknown field "spec.versions[0].schema.openAPIV3Schema.other"']
    assert inner == {"type": "object"}


WITHIN = "JSONSchemaProps.spec.versions.schema.openAPIV3Schema"
SIMPLER = f"json: cannot unmarshal {{}} into Go struct field {WITHIN}.{{}} of type {{}}"


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("items", {"items": {"type": 3}}, SIMPLER.format("number", "items", "string")),
        ("items", ["a"], SIMPLER.format("string", "items", "v1.JSONSchemaProps")),
        ("additionalProperties", {"type": 3}, SIMPLER.format("number", "additionalProperties", "string")),
        ("additionalProperties", 3, "boolean or JSON schema expected"),
        ("additionalProperties", [], "boolean or JSON schema expected"),
        ("items", {"additionalProperties": "no"}, "boolean or JSON schema expected"),
        ("dependencies", {"a": ["b", 1]}, SIMPLER.format("number", "dependencies", "string")),
    ],
)
def test_what_schemas_that_may_be_simpler_cannot_be(field: str, value: Any, told: str) -> None:
    crd = schema("apiextensions.k8s.io/v1", "CustomResourceDefinition")
    root: dict[str, Any] = {"allOf": 3, field: value}
    obj = {"spec": {"versions": [{"name": "v1", "schema": {"openAPIV3Schema": root}}]}}
    assert structural.decode(obj, crd).fatal == told


@pytest.mark.parametrize("value", [3, True, "a", []])
def test_schemas_of_items_that_are_none_are_left_out(value: Any) -> None:
    crd = schema("apiextensions.k8s.io/v1", "CustomResourceDefinition")
    root = {"type": "array", "items": value, "dependencies": {"a": 3}}
    obj = {"spec": {"versions": [{"name": "v1", "schema": {"openAPIV3Schema": root}}]}}
    assert structural.decode(obj, crd).fatal == ""
    assert root == {"type": "array", "dependencies": {"a": None}}


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**40), 2**40)
    | st.floats(-3, 3)
    | st.sampled_from(["", "a", "1Gi", "YQ=="]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["name", "a"]), inner, max_size=2),
    max_leaves=4,
)


def paths(value: Any, prefix: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [prefix] if prefix else []
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in members:
        found += paths(member, (*prefix, key))
    return found


FULL = container(
    command=["a"],
    env=[{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
    ports=[{"containerPort": 80, "hostPort": 1, "protocol": "TCP"}],
    resources={"limits": {"cpu": "1"}},
    livenessProbe={"httpGet": {"port": 80}, "periodSeconds": 3},
    tty=True,
)
FULL["metadata"].update(labels={"a": "b"}, creationTimestamp="2026-01-02T03:04:05Z", generation=1)
FULL["spec"].update(
    tolerations=[{"key": "a", "tolerationSeconds": 3}], volumes=[{"name": "v", "secret": {"defaultMode": 1}}]
)


@given(st.data())
def test_the_fast_walk_and_the_slow_one_agree(data: st.DataObject) -> None:
    obj = copy.deepcopy(FULL)
    *parents, last = data.draw(st.sampled_from(paths(FULL)))
    holder: Any = obj
    for key in parents:
        holder = holder[key]
    holder[last] = data.draw(VALUES)
    slow = copy.deepcopy(obj)
    if structural.checker(POD)(obj, None, None):
        assert decodeproblems.explain(slow, POD, drop=False) == structural.Decoded("", [])
        assert slow == obj
    elif not any(decodeproblems.explain(slow, POD, drop=False)):
        assert structural.decode(slow, POD) == structural.Decoded("", [])


def test_equal_keys_in_json_are_told() -> None:
    text = '{"spec": {"replicas": 1, "replicas": 2, "ports": [{"port": 1, "port": 1}]}, "data": {"a": 1}}'
    value, problems = decodeproblems.loads(text)
    assert value["spec"]["replicas"] == 2
    assert problems == ['duplicate field "spec.replicas"', 'duplicate field "spec.ports[0].port"']
    assert decodeproblems.loads('{"a": 1}') == ({"a": 1}, [])
