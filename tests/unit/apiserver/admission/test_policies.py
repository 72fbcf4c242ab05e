"""Admission policies in CEL: matching, bindings, parameters, messages, failure policies, mutations."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("cel", reason="the engine is an extra")

from minikctl.apimachinery.errors import StatusError

GROUP = "admissionregistration.k8s.io"
CONFIG_MAPS = {
    "apiGroups": [""],
    "apiVersions": ["v1"],
    "operations": ["CREATE", "UPDATE"],
    "resources": ["configmaps"],
}


def policy(api: Any, kind: str = "Validating", name: str = "p", binding: Any = None, **spec: Any) -> None:
    spec.setdefault("matchConstraints", {"resourceRules": [CONFIG_MAPS]})
    meta = {"metadata": {"name": name}, "apiVersion": f"{GROUP}/v1"}
    api.create({**meta, "kind": f"{kind}AdmissionPolicy", "spec": spec})
    actions = {"validationActions": ["Deny"]} if kind == "Validating" else {}
    api.create(
        {**meta, "kind": f"{kind}AdmissionPolicyBinding", "spec": {"policyName": name, **actions, **(binding or {})}}
    )


def config_map(name: str = "c", **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def test_a_false_validation_refuses(api: Any) -> None:
    policy(api, validations=[{"expression": "has(object.data.owner)", "reason": "Forbidden", "message": "say who"}])
    with pytest.raises(StatusError) as caught:
        api.create(config_map(a="b"))
    why = "ValidatingAdmissionPolicy 'p' with binding 'p' denied request: say who"
    assert (caught.value.reason, caught.value.code) == ("Forbidden", 403)
    assert caught.value.message == f'configmaps "c" is forbidden: {why}'
    assert caught.value.details["causes"] == [{"message": why}]
    api.create(config_map(owner="ann"))


def test_without_a_reason_it_is_invalid_and_names_the_expression(api: Any) -> None:
    policy(api, validations=[{"expression": " object.data.size() > 3 "}])
    with pytest.raises(StatusError) as caught:
        api.create(config_map(a="b"))
    assert (caught.value.reason, caught.value.code) == ("Invalid", 422)
    assert caught.value.message.endswith("denied request: failed expression: object.data.size() > 3")


def test_conditions_variables_and_message_expressions(api: Any) -> None:
    policy(
        api,
        matchConditions=[{"name": "not-mine", "expression": "object.metadata.name != 'mine'"}],
        variables=[
            {"name": "keys", "expression": "object.data.map(k, k)"},
            {"name": "many", "expression": "variables.keys.size() > 1"},
        ],
        validations=[
            {
                "expression": "!variables.many || request.userInfo.username == 'ann'",
                "messageExpression": "'too many keys for ' + request.userInfo.username + ' in '"
                " + namespaceObject.metadata.name",
            }
        ],
    )
    api.create(config_map("mine", a="1", b="2"))
    refused = api.refusal(api.create, config_map(a="1", b="2"))
    assert refused.endswith("denied request: too many keys for kubernetes-admin in demo")


def test_warnings_and_errors_by_failure_policy(api: Any) -> None:
    wrong = [{"expression": "object.data.absent == 'x'"}]
    policy(api, name="strict", validations=wrong, binding={"validationActions": ["Warn"]})
    policy(api, name="lax", validations=wrong, failurePolicy="Ignore")
    api.create(config_map(a="b"))
    assert api.warnings == [
        "Validation failed for ValidatingAdmissionPolicy 'strict' with binding 'strict': "
        "expression 'object.data.absent == 'x'' resulted in error: no such key: absent"
    ]


def test_parameters(api: Any) -> None:
    policy(
        api,
        paramKind={"apiVersion": "v1", "kind": "Secret"},
        validations=[{"expression": "object.data.size() <= int(params.metadata.labels.most)", "message": "no"}],
        binding={"paramRef": {"name": "limits", "parameterNotFoundAction": "Deny"}},
    )
    missing = "failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction"
    assert api.refusal(api.create, config_map(a="b")).endswith(missing)
    meta = {"name": "limits", "labels": {"most": "1"}}
    api.create({"apiVersion": "v1", "kind": "Secret", "metadata": meta})
    api.create(config_map(a="b"))
    assert api.refusal(api.create, config_map("d", a="b", c="d")).endswith("denied request: no")


def test_bindings_choose_namespaces(api: Any) -> None:
    selector = {"matchResources": {"namespaceSelector": {"matchLabels": {"guarded": "yes"}}}}
    policy(api, validations=[{"expression": "false"}], binding=selector)
    api.create(config_map())
    labels = {"metadata": {"labels": {"guarded": "yes"}}}
    api.client.patch("namespaces", "demo", labels, "application/merge-patch+json")
    assert "failed expression: false" in api.refusal(api.create, config_map("d"))


def test_the_authorizer_answers(api: Any) -> None:
    check = "authorizer.group('').resource('secrets').namespace('demo').check('delete').allowed()"
    policy(
        api,
        validations=[
            {"expression": f"{check} && !authorizer.serviceAccount('demo', 'x').path('/m').check('get').allowed()"}
        ],
    )
    api.create(config_map())


def test_a_policy_without_the_engine_follows_its_failure_policy(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from minikctl.apimachinery.cel import library

    policy(api, validations=[{"expression": "1 == 1 + 0"}])

    def missing() -> Any:
        raise library.LibraryMissingError

    monkeypatch.setattr(library, "engine", missing)
    assert api.refusal(api.create, config_map()).endswith("pip install 'minikctl[cel]'")


def test_mutations(api: Any) -> None:
    policy(
        api,
        "Mutating",
        reinvocationPolicy="Never",
        mutations=[
            {
                "patchType": "ApplyConfiguration",
                "applyConfiguration": {
                    "expression": "Object{metadata: Object.metadata{labels: {'a': object.metadata.name}}}"
                },
            },
            {
                "patchType": "JSONPatch",
                "jsonPatch": {
                    "expression": "[JSONPatch{op: 'add', value: '1',"
                    " path: '/metadata/labels/' + jsonpatch.escapeKey('x/y')}]"
                },
            },
        ],
    )
    made = api.create(config_map())["metadata"]
    assert made["labels"] == {"a": "c", "x/y": "1"}
    assert made["uid"] and made["creationTimestamp"]


def test_an_earlier_policy_runs_again_if_needed(api: Any) -> None:
    def labels(expression: str) -> list[dict[str, Any]]:
        text = f"Object{{metadata: Object.metadata{{labels: {expression}}}}}"
        return [{"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": text}}]

    count = "{'n': string(object.metadata.?labels.orValue({}).size())}"
    policy(api, "Mutating", "a", reinvocationPolicy="IfNeeded", mutations=labels(count))
    policy(api, "Mutating", "b", reinvocationPolicy="Never", mutations=labels("{'b': 'x'}"))
    assert api.create(config_map())["metadata"]["labels"] == {"n": "2", "b": "x"}


def test_a_patch_that_fails_names_the_policy(api: Any) -> None:
    expression = {"expression": "[JSONPatch{op: 'remove', path: '/data/absent'}]"}
    policy(api, "Mutating", reinvocationPolicy="Never", mutations=[{"patchType": "JSONPatch", "jsonPatch": expression}])
    refused = api.refusal(api.create, config_map(a="b"))
    assert refused.startswith("policy 'p' with binding 'p' denied request: JSON Patch: ")


def test_evictions_and_scales_are_seen_as_what_they_are(api: Any) -> None:
    evictions = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods/eviction"]}
    scales = {"apiGroups": ["apps"], "apiVersions": ["v1"], "operations": ["UPDATE"], "resources": ["*/scale"]}
    policy(
        api,
        matchConstraints={"resourceRules": [evictions, scales]},
        validations=[{"expression": "false", "messageExpression": "request.kind.kind + ' ' + object.kind"}],
    )
    api.create(api.pod())
    body = {"metadata": {"name": "p", "namespace": "demo"}}
    refused = api.refusal(api.client.create, "pods", body, "demo", subresource="eviction", name="p")
    assert refused.endswith("denied request: Eviction Eviction")
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "x"}]}}
    spec = {"replicas": 1, "selector": {"matchLabels": {"a": "b"}}, "template": template}
    api.create({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": spec})
    more = {"spec": {"replicas": 2}}
    refused = api.refusal(
        api.client.patch, "deployments.apps", "d", more, "application/merge-patch+json", "demo", subresource="scale"
    )
    assert refused.endswith("denied request: Scale Scale")


def test_what_is_worked_out_costs_no_more_than_its_data(api: Any) -> None:
    expression = "!('excused' in object.metadata.?annotations.orValue({}))"
    owners = "params.data.owners.split(',').exists(o, o == object.metadata.?labels['owner'].orValue(''))"
    policy(
        api,
        matchConditions=[{"name": "not-excused", "expression": expression}],
        paramKind={"apiVersion": "v1", "kind": "ConfigMap"},
        validations=[{"expression": owners, "message": "say whose it is"}],
        binding={"paramRef": {"name": "owners", "namespace": "demo", "parameterNotFoundAction": "Allow"}},
    )
    api.create(config_map("owners", owners="ann,bob", long="x" * 5000))
    assert "say whose it is" in api.refusal(api.create, config_map())
    labelled = config_map()
    labelled["metadata"]["labels"] = {"owner": "bob"}
    api.create(labelled)


def json_patch(expression: str) -> dict[str, Any]:
    return {"patchType": "JSONPatch", "jsonPatch": {"expression": expression}}


def configuration(expression: str) -> dict[str, Any]:
    return {"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": expression}}


def test_a_patch_whose_test_does_not_hold_changes_nothing(api: Any) -> None:
    operations = "[JSONPatch{op: 'test', path: '/data/a', value: 'x'}, JSONPatch{op: 'remove', path: '/data/a'}]"
    policy(api, "Mutating", reinvocationPolicy="Never", mutations=[json_patch(operations)])
    assert api.create(config_map("c", a="b"))["data"] == {"a": "b"}
    assert "data" not in api.create(config_map("d", a="x"))


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        (
            "Object{metadata: Object.metadata{finalizers: ['a/b']}, spec: Object.spec{tolerations: []}}",
            "error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: "
            ".spec.tolerations",
        ),
        (
            "Object{metadata: Object.metadata{labels: {'a': 'b'}}, spec: Object.wrong{}}",
            'type mismatch: unexpected type name "Object.wrong", expected "Object.spec", which matches field name path '
            "from root Object type",
        ),
        (
            "Object{spec: Object.spec{bogus: 1}}",
            "error applying patch: failed to convert patch object to typed object: .spec.bogus: "
            "field not declared in schema",
        ),
    ],
)
def test_apply_configurations_that_do_not_fit(api: Any, expression: str, why: str) -> None:
    pods = {"resourceRules": [{**CONFIG_MAPS, "resources": ["pods"]}]}
    policy(api, "Mutating", matchConstraints=pods, reinvocationPolicy="Never", mutations=[configuration(expression)])
    with pytest.raises(StatusError) as caught:
        api.create(api.pod())
    told = f"policy 'p' with binding 'p' denied request: {why}"
    assert caught.value.message == told
    assert (caught.value.reason, caught.value.code) == ("Invalid", 403)
    assert caught.value.details["causes"] == [{"message": told}]


def test_a_json_patch_that_makes_no_object_of_its_kind(api: Any) -> None:
    operations = "[JSONPatch{op: 'add', path: '/immutable', value: 'perhaps'}]"
    policy(api, "Mutating", failurePolicy="Ignore", reinvocationPolicy="Never", mutations=[json_patch(operations)])
    assert api.refusal(api.create, config_map()) == (
        "Internal error occurred: json: cannot unmarshal string into Go struct field ConfigMap.immutable of type bool"
    )


def test_all_problems_of_mutations_are_causes_and_lax_ones_are_passed_over(api: Any) -> None:
    absent = [json_patch("[JSONPatch{op: 'remove', path: '/data/absent'}]")]
    policy(api, "Mutating", "a", failurePolicy="Ignore", reinvocationPolicy="Never", mutations=absent)
    policy(api, "Mutating", "b", reinvocationPolicy="Never", mutations=absent)
    policy(api, "Mutating", "c", reinvocationPolicy="Never", mutations=absent)
    with pytest.raises(StatusError) as caught:
        api.create(config_map(a="b"))
    causes = [cause["message"].partition(" with")[0] for cause in caught.value.details["causes"]]
    assert causes == ["policy 'b'", "policy 'c'"]


def test_an_expression_that_fails_is_invalid_whatever_the_reason(api: Any) -> None:
    policy(api, validations=[{"expression": "object.data.absent == 'x'\n", "reason": "Forbidden"}])
    with pytest.raises(StatusError) as caught:
        api.create(config_map(a="b"))
    assert (caught.value.reason, caught.value.code) == ("Invalid", 422)
    assert "expression 'object.data.absent == 'x'\n' resulted in error" in caught.value.message


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("Validating", "configmaps \"c\" is forbidden: ValidatingAdmissionPolicy 'p' denied request: "),
        ("Mutating", 'policy "p" denied request: '),
    ],
)
def test_a_kind_of_parameters_that_is_not_served(api: Any, kind: str, told: str) -> None:
    spec = {"validations": [{"expression": "true"}]}
    if kind == "Mutating":
        spec = {"reinvocationPolicy": "Never", "mutations": [configuration("Object{}")]}
    reference = {"paramRef": {"name": "x", "parameterNotFoundAction": "Allow"}}
    policy(api, kind, paramKind={"apiVersion": "v1", "kind": "Bogus"}, binding=reference, **spec)
    why = "failed to configure policy: failed to find resource referenced by paramKind: '/v1, Kind=Bogus'"
    assert api.refusal(api.create, config_map()) == told + why


def test_parameters_of_a_cluster_wide_kind_have_no_namespace(api: Any) -> None:
    policy(
        api,
        paramKind={"apiVersion": "v1", "kind": "Node"},
        validations=[{"expression": "true"}],
        binding={"paramRef": {"name": "x", "namespace": "demo", "parameterNotFoundAction": "Allow"}},
    )
    why = "failed to configure binding: paramRef.namespace must not be provided for a cluster-scoped `paramKind`"
    assert api.refusal(api.create, config_map()).endswith(why)


def test_what_the_request_does_not_have_is_no_key(api: Any) -> None:
    """A generated name is not there yet when objects are changed, but when they are judged."""
    named = "has(request.name) && request.name == object.metadata.name && !has(request.subResource)"
    policy(api, name="v", validations=[{"expression": named, "message": "nameless"}])
    label = [configuration("Object{metadata: Object.metadata{labels: {'named': string(has(request.name))}}}")]
    policy(api, "Mutating", "m", reinvocationPolicy="Never", mutations=label)
    assert api.create(config_map())["metadata"]["labels"] == {"named": "true"}
    generated = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "c-"}}
    assert api.create(generated)["metadata"]["labels"] == {"named": "false"}


def test_the_namespace_of_a_namespace_is_itself(api: Any) -> None:
    rule = {**CONFIG_MAPS, "resources": ["namespaces"], "operations": ["*"]}
    told = "request.namespace + ' ' + string(namespaceObject == null)"
    policy(
        api,
        matchConstraints={"resourceRules": [rule]},
        validations=[{"expression": "false", "messageExpression": told}],
    )
    made = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "new"}}
    assert api.refusal(api.create, made).endswith("denied request: new true")
    assert api.refusal(api.client.delete, "namespaces", "demo").endswith("denied request: demo true")


def test_a_change_of_other_plugins_counts_in_the_second_pass(api: Any) -> None:
    """The sidecar of the second policy gets its defaults from the LimitRange; the first policy is to see them."""
    limits = {"type": "Container", "default": {"cpu": "1"}}
    meta = {"name": "l", "namespace": "demo"}
    api.create({"apiVersion": "v1", "kind": "LimitRange", "metadata": meta, "spec": {"limits": [limits]}})
    pods = {"resourceRules": [{**CONFIG_MAPS, "resources": ["pods"]}]}
    count = "string(object.spec.containers.filter(c, has(c.resources) && has(c.resources.limits)).size())"
    labels = [configuration(f"Object{{metadata: Object.metadata{{labels: {{'limited': {count}}}}}}}")]
    sidecar = "Object.spec.containers{name: 'side', image: 'x'}"
    more = [configuration(f"Object{{spec: Object.spec{{containers: [{sidecar}]}}}}")]
    policy(api, "Mutating", "a", matchConstraints=pods, reinvocationPolicy="Never", mutations=more)
    policy(api, "Mutating", "b", matchConstraints=pods, reinvocationPolicy="IfNeeded", mutations=labels)
    assert api.create(api.pod())["metadata"]["labels"]["limited"] == "2"


def test_connections_and_tokens_are_seen_as_what_they_are(api: Any) -> None:
    seen = ["pods/exec", "serviceaccounts/token", "nodes/proxy"]
    rule = {**CONFIG_MAPS, "operations": ["CREATE", "CONNECT"], "resources": seen}
    told = "request.operation + ' ' + request.kind.kind + ' ' + object.kind"
    policy(
        api,
        matchConstraints={"resourceRules": [rule]},
        validations=[{"expression": "false", "messageExpression": told}],
    )
    api.create(api.pod())

    def refused(resource: str, name: str, subresource: str, namespace: str = "demo", **fields: Any) -> str:
        fields.setdefault("options", {"command": ["ls"]})
        told = api.refusal(
            api.client.request, "create", resource, namespace=namespace, name=name, subresource=subresource, **fields
        )
        return str(told.rpartition("denied request: ")[2])

    assert refused("pods", "p", "exec") == "CONNECT PodExecOptions PodExecOptions"
    assert refused("nodes", "node-1", "proxy", "") == "CONNECT NodeProxyOptions NodeProxyOptions"
    assert refused("serviceaccounts", "default", "token", body={"spec": {}}) == "CREATE TokenRequest TokenRequest"


def test_warnings_come_with_refusals_of_subresources(api: Any) -> None:
    rule = {**CONFIG_MAPS, "resources": ["pods/eviction"]}
    only = {"resourceRules": [rule]}
    never = [{"expression": "false", "message": "no"}]
    policy(api, name="a", matchConstraints=only, validations=never, binding={"validationActions": ["Warn"]})
    policy(api, name="b", matchConstraints=only, validations=never)
    api.create(api.pod())
    body = {"metadata": {"name": "p", "namespace": "demo"}}
    api.refusal(api.client.create, "pods", body, "demo", subresource="eviction", name="p")
    assert api.warnings == ["Validation failed for ValidatingAdmissionPolicy 'a' with binding 'a': no"]


def test_events_are_seen_in_either_form(api: Any) -> None:
    rule = {**CONFIG_MAPS, "apiGroups": ["events.k8s.io"], "resources": ["events"]}
    told = "object.apiVersion + ' ' + object.note + ' of ' + request.requestKind.version"
    policy(
        api,
        matchConstraints={"resourceRules": [rule]},
        validations=[{"expression": "false", "messageExpression": told}],
    )
    about = {"kind": "Pod", "name": "p", "namespace": "demo"}
    event = {"apiVersion": "v1", "kind": "Event", "metadata": {"name": "e"}, "involvedObject": about, "message": "hi"}
    assert api.refusal(api.create, event).endswith("denied request: events.k8s.io/v1 hi of v1")
