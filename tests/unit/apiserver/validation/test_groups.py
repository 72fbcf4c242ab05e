"""Kinds of the other API groups that are refused, in upstream's words."""

from __future__ import annotations

from typing import Any

from validationlab import changed, made, refused, status_changed

SLICES = "endpointslices.discovery.k8s.io"


def test_network_policies() -> None:
    rule = {
        "ports": [{"port": 70000}, {"port": 90, "endPort": 80}, {"endPort": 80}, {"protocol": "HTTP", "port": 1}],
        "from": [{}, {"ipBlock": {"cidr": "10.0.0.0/16", "except": ["11.0.0.0/24"]}}],
    }
    key = "networkpolicies.networking.k8s.io"
    assert refused(key, "networking.k8s.io/v1", spec={"ingress": [rule], "policyTypes": ["Outgoing"]}) == [
        "spec.ingress[0].ports[0].port: Invalid value: 70000: must be between 1 and 65535, inclusive",
        "spec.ingress[0].ports[1].endPort: Invalid value: 90: must be greater than or equal to `port`",
        "spec.ingress[0].ports[2].endPort: Invalid value: 80: may not be specified when `port` is not specified",
        'spec.ingress[0].ports[3].protocol: Unsupported value: "HTTP": supported values: "TCP", "UDP", "SCTP"',
        "spec.ingress[0].from[0]: Required value: must specify a peer",
        'spec.ingress[0].from[1].ipBlock.except[0]: Invalid value: "11.0.0.0/24": must be a strict subset of `cidr`',
        'spec.policyTypes[0]: Unsupported value: "Outgoing": supported values: "Ingress", "Egress"',
    ]
    assert made(key, "networking.k8s.io/v1", spec={"egress": [{}]})["spec"]["policyTypes"] == ["Ingress", "Egress"]


def test_ingresses() -> None:
    key = "ingresses.networking.k8s.io"
    assert refused(key, "networking.k8s.io/v1", spec={}) == [
        "spec: Invalid value: null: either `defaultBackend` or `rules` must be specified"
    ]
    path = {"path": "a//b", "pathType": "Prefix", "backend": {"service": {"name": "web"}}}
    assert refused(key, "networking.k8s.io/v1", spec={"rules": [{"host": "10.0.0.1", "http": {"paths": [path]}}]}) == [
        'spec.rules[0].host: Invalid value: "10.0.0.1": must be a DNS name, not an IP address',
        'spec.rules[0].http.paths[0].path: Invalid value: "a//b": must be an absolute path',
        "spec.rules[0].http.paths[0].path: Invalid value: \"a//b\": must not contain '//'",
        "spec.rules[0].http.paths[0].backend: Required value: port name or number is required",
    ]


def test_roles_and_bindings() -> None:
    group = "rbac.authorization.k8s.io"
    rules = [{"apiGroups": [""], "verbs": ["get"]}, {"nonResourceURLs": ["/x"], "verbs": ["get"]}]
    assert refused(f"roles.{group}", f"{group}/v1", rules=rules) == [
        "rules[0].resources: Required value: resource rules must supply at least one resource",
        'rules[1].nonResourceURLs: Invalid value: ["/x"]: namespaced rules cannot apply to non-resource URLs',
    ]
    binding = made(f"rolebindings.{group}", f"{group}/v1", roleRef={"kind": "Role", "name": "a"})
    reference = {"apiGroup": group, "kind": "Role", "name": "other"}
    assert changed(f"rolebindings.{group}", binding, roleRef=reference) == [
        'roleRef: Invalid value: {"APIGroup":"rbac.authorization.k8s.io","Kind":"Role","Name":"other"}: cannot change'
        " roleRef"
    ]


def test_endpoint_slices() -> None:
    key = "endpointslices.discovery.k8s.io"
    fields: dict[str, Any] = {
        "addressType": "IPv6",
        "endpoints": [{"addresses": ["192.0.2.1"]}, {"addresses": ["fe80::1"]}],
    }
    assert refused(key, "discovery.k8s.io/v1", **fields) == [
        'endpoints[0].addresses: Invalid value: "192.0.2.1": must be an IPv6 address',
        'endpoints[1].addresses[0]: Invalid value: "fe80::1": may not be in the link-local range (169.254.0.0/16,'
        " fe80::/10)",
    ]


def test_disruption_budgets() -> None:
    spec = {"minAvailable": "150%", "maxUnavailable": 1}
    assert refused("poddisruptionbudgets.policy", "policy/v1", spec=spec) == [
        'spec: Invalid value: {"MinAvailable":"150%","Selector":null,"MaxUnavailable":1,'
        '"UnhealthyPodEvictionPolicy":null}: minAvailable and maxUnavailable cannot be both set',
        'spec.minAvailable: Invalid value: "150%": must not be greater than 100%',
    ]


def test_statuses_of_disruption_budgets() -> None:
    key = "poddisruptionbudgets.policy"
    budget = made(key, "policy/v1", spec={"minAvailable": 1})
    condition = {
        "type": "DisruptionAllowed",
        "status": "Maybe",
        "reason": "x",
        "lastTransitionTime": "2024-01-01T00:00:00Z",
    }
    assert status_changed(key, budget, conditions=[condition], expectedPods=-1) == [
        'status.conditions[0].status: Unsupported value: "Maybe": supported values: "False", "True", "Unknown"',
        "status.expectedPods: Invalid value: -1: must be greater than or equal to 0",
    ]


def test_priority_classes() -> None:
    key = "priorityclasses.scheduling.k8s.io"
    assert refused(key, "scheduling.k8s.io/v1", "system-mine", value=5) == [
        "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only."
        " error: system-mine is not a known system priority class"
    ]
    assert refused(key, "scheduling.k8s.io/v1", value=2000000000, preemptionPolicy="Sometimes") == [
        "value: Forbidden: maximum allowed value of a user defined priority is 1000000000",
        'preemptionPolicy: Unsupported value: "Sometimes": supported values: "PreemptLowerPriority", "Never"',
    ]
    old = made(key, "scheduling.k8s.io/v1", value=5)
    assert changed(key, old, value=6) == ["value: Forbidden: may not be changed in an update."]


def test_admission_policies() -> None:
    key = "mutatingadmissionpolicies.admissionregistration.k8s.io"
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "DELETE"], "resources": ["pods"]}
    spec = {"matchConstraints": {"resourceRules": [rule]}, "mutations": [{"patchType": "Replace"}]}
    assert refused(key, "admissionregistration.k8s.io/v1", spec=spec) == [
        'spec.matchConstraints.resourceRules.operations: Unsupported value: "DELETE": supported values: "*",'
        ' "CONNECT", "CREATE", "UPDATE"',
        'spec.mutations[0].patchType: Unsupported value: "Replace": supported values: "ApplyConfiguration",'
        ' "JSONPatch"',
        "spec.reinvocationPolicy: Required value",
    ]


def test_webhooks() -> None:
    key = "validatingwebhookconfigurations.admissionregistration.k8s.io"
    hook = {"name": "short", "clientConfig": {"url": "http://a"}, "admissionReviewVersions": ["v9"]}
    assert refused(key, "admissionregistration.k8s.io/v1", webhooks=[hook]) == [
        'webhooks[0].name: Invalid value: "short": should be a domain with at least three segments separated by dots',
        "webhooks[0].sideEffects: Required value: must specify one of None, NoneOnDryRun",
        "webhooks[0].clientConfig.url: Invalid value: \"http\": 'https' is the only allowed URL scheme; desired format:"
        " https://host[/path]",
        'webhooks[0].admissionReviewVersions: Invalid value: ["v9"]: must include at least one of v1, v1beta1',
    ]


def test_runtime_classes_and_leases() -> None:
    key = "runtimeclasses.node.k8s.io"
    assert refused(key, "node.k8s.io/v1") == ["handler: Required value"]
    old = made(key, "node.k8s.io/v1", handler="gvisor")
    assert changed(key, old, handler="kata") == ['handler: Invalid value: "kata": field is immutable']
    lease = {"leaseDurationSeconds": 0, "leaseTransitions": -1}
    assert refused("leases.coordination.k8s.io", "coordination.k8s.io/v1", spec=lease) == [
        "spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0",
        "spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0",
    ]


def test_runtime_classes() -> None:
    key = "runtimeclasses.node.k8s.io"
    tolerations = [{"operator": "Exists", "effect": "Odd"}, {"key": "a"}, {"key": "a"}]
    overhead = {"podFixed": {"hugepages-2Mi": "2Mi", "odd": "1"}}
    assert refused(key, "node.k8s.io/v1", handler="a", overhead=overhead, scheduling={"tolerations": tolerations}) == [
        'overhead.limits[odd]: Invalid value: "odd": must be a standard resource type or fully qualified',
        'overhead.limits[odd]: Invalid value: "odd": must be a standard resource for containers',
        "overhead: Forbidden: HugePages require cpu or memory",
        'scheduling.tolerations[0].effect: Unsupported value: "Odd": supported values: "NoSchedule",'
        ' "PreferNoSchedule", "NoExecute"',
    ]


def test_subjects_have_names() -> None:
    group = "rbac.authorization.k8s.io"
    fields = {"roleRef": {"kind": "ClusterRole", "name": "a"}, "subjects": [{"kind": "User"}]}
    assert refused(f"clusterrolebindings.{group}", f"{group}/v1", **fields) == ["subjects[0].name: Required value"]


def test_coordinated_leases() -> None:
    assert refused(
        "leases.coordination.k8s.io", "coordination.k8s.io/v1", spec={"strategy": "Odd", "preferredHolder": "a"}
    ) == ['spec.strategy.strategy: Unsupported value: "Odd": supported values: "OldestEmulationVersion"']
    assert refused("leases.coordination.k8s.io", "coordination.k8s.io/v1", spec={"preferredHolder": "a"}) == [
        "spec.preferredHolder: Forbidden: may only be specified if `strategy` is defined"
    ]


def test_ingress_classes() -> None:
    key = "ingressclasses.networking.k8s.io"
    assert refused(key, "networking.k8s.io/v1", spec={"parameters": {"scope": "Namespace"}}) == [
        "spec.controller: Required value",
        "spec.parameters.kind: Required value: kind is required",
        "spec.parameters.name: Required value: name is required",
        "spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'",
    ]
    old = made(key, "networking.k8s.io/v1", spec={"controller": "example.com/a"})
    assert changed(key, old, spec={"controller": "odd"}) == [
        'spec.controller: Invalid value: "odd": field is immutable',
        'spec.controller: Invalid value: "odd": must be a domain-prefixed path (such as "acme.io/foo")',
    ]


def test_service_cidrs() -> None:
    key = "servicecidrs.networking.k8s.io"
    assert refused(key, "networking.k8s.io/v1", spec={"cidrs": ["10.0.0.0/24", "10.1.0.0/24"]}) == [
        'spec.cidrs: Invalid value: ["10.0.0.0/24","10.1.0.0/24"]: may specify no more than one IP for each'
        " IP family, i.e 192.168.0.0/24 and 2001:db8::/64"
    ]
    odd = refused(key, "networking.k8s.io/v1", spec={"cidrs": ["10.0.0.1/24", "odd"]})
    assert [text.partition(":")[0] for text in odd] == ["spec.cidrs[0]", "spec.cidrs[1]"]
    old = made(key, "networking.k8s.io/v1", spec={"cidrs": ["10.0.0.0/24"]})
    assert changed(key, old, spec={"cidrs": ["10.0.0.0/24", "2001:db8::/64"]}) == []
    assert changed(key, old, spec={"cidrs": ["10.9.0.0/24"]}) == [
        'spec.cidrs[0]: Invalid value: "10.9.0.0/24": field is immutable'
    ]


def endpoint_slice(**fields: Any) -> dict[str, Any]:
    return {"addressType": "IPv4", "endpoints": [{"addresses": ["10.0.0.1"]}], **fields}


def test_endpoint_slices_are_told_of_type_then_ports_then_endpoints() -> None:
    odd = endpoint_slice(
        addressType="Odd", ports=[{"name": "A"}], endpoints=[{"addresses": []}, {"addresses": ["a"], "nodeName": "N"}]
    )
    found = refused(SLICES, "discovery.k8s.io/v1", **odd)
    assert [text.partition(":")[0] for text in found] == [
        "addressType",
        "ports[0].name",
        "endpoints[0].addresses",
        "endpoints[1].nodeName",
    ]
    hints = {"forZones": [{"name": "a/b"}, {"name": "a/b"}], "forNodes": [{"name": "N"}]}
    found = refused(
        SLICES, "discovery.k8s.io/v1", **endpoint_slice(endpoints=[{"addresses": ["10.0.0.1"], "hints": hints}])
    )
    assert [text.partition(" value: ")[0] for text in found] == [
        "endpoints[0].hints.forZones[0].name: Invalid",
        "endpoints[0].hints.forZones[1].name: Duplicate",
        "endpoints[0].hints.forZones[1].name: Invalid",
        "endpoints[0].hints.forNodes[0].name: Invalid",
    ]


def test_endpoints_that_stay_are_not_looked_at_again() -> None:
    old = made(SLICES, "discovery.k8s.io/v1", **endpoint_slice())
    fixed = 'addressType: Invalid value: "IPv6": field is immutable'
    assert changed(SLICES, old, addressType="IPv6") == [fixed]
    assert changed(SLICES, old, addressType="IPv6", endpoints=[{"addresses": ["10.0.0.2"]}]) == [
        'endpoints[0].addresses: Invalid value: "10.0.0.2": must be an IPv6 address',
        fixed,
    ]


def test_names_of_addresses() -> None:
    key = "ipaddresses.networking.k8s.io"
    assert refused(key, "networking.k8s.io/v1", "2001:DB8::1", spec={}) == [
        'metadata.name: Invalid value: "2001:DB8::1": must be in canonical form ("2001:db8::1")',
        "spec.parentRef: Required value",
    ]


def test_what_new_style_events_are_about_stays() -> None:
    about = {"kind": "Pod", "namespace": "demo", "name": "p"}
    event = made("events", "v1", involvedObject=about, source={"component": "c"}, eventTime="2026-01-01T00:00:00Z")
    other = changed("events.events.k8s.io", event, involvedObject={**about, "name": "q"})
    assert [error for error in other if "immutable" in error] == [
        'involvedObject: Invalid value: {"Kind":"Pod","Namespace":"demo","Name":"q","UID":"","APIVersion":"",'
        '"ResourceVersion":"","FieldPath":""}: field is immutable'
    ]
    other = changed("events.events.k8s.io", event, source={}, related=None)
    assert [error for error in other if "immutable" in error] == [
        'source: Invalid value: {"Component":"","Host":""}: field is immutable'
    ]
