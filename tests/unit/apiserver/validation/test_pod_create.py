"""Rules for new pods: what is refused, in which words and in which order."""

from __future__ import annotations

from typing import Any

import pytest

from minikctl.apiserver import validation
from minikctl.apiserver.defaults import apply


def make_pod(**spec: Any) -> dict[str, Any]:
    spec.setdefault("containers", [{"name": "app", "image": "shop/app:1"}])
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "demo"}, "spec": spec}
    apply("pods", "v1", pod)
    return pod


def problems(pod: dict[str, Any]) -> list[str]:
    return [str(error) for error in validation.create("pods", pod)]


def container_problems(**fields: Any) -> list[str]:
    found = problems(make_pod(containers=[{"name": "app", "image": "shop/app:1", **fields}]))
    return [text.removeprefix("spec.containers[0].") for text in found]


def test_a_plain_pod_is_valid() -> None:
    assert problems(make_pod()) == []


def test_a_pod_needs_a_container() -> None:
    assert problems(make_pod(containers=[])) == ["spec.containers: Required value"]


def test_names_images_and_policies() -> None:
    pod = make_pod(containers=[{"name": "a", "image": " "}, {"name": "a", "image": "", "imagePullPolicy": "Maybe"}])
    assert problems(pod) == [
        "spec.containers[1].image: Required value",
        'spec.containers[1].imagePullPolicy: Unsupported value: "Maybe": supported values: "Always", "IfNotPresent",'
        ' "Never"',
        'spec.containers[1].name: Duplicate value: "a"',
        'spec.containers[0].image: Invalid value: " ": must not have leading or trailing whitespace',
    ]


def test_ports() -> None:
    ports = [{"containerPort": 80, "hostPort": 80}, {"containerPort": 0}, {"containerPort": 81, "hostPort": 80}]
    assert container_problems(ports=ports) == [
        "ports[1].containerPort: Required value",
        'ports[2].hostPort: Duplicate value: "TCP//80"',
    ]


def test_env_sources_exclude_each_other() -> None:
    both = {"fieldRef": {"fieldPath": "metadata.name"}, "secretKeyRef": {"name": "s", "key": "k"}}
    assert container_problems(env=[{"name": "A", "valueFrom": both}]) == [
        'env[0].valueFrom: Invalid value: "": may not have more than one field specified at a time'
    ]


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ({"fieldPath": "metadata.labels['app']"}, None),
        ({"fieldPath": "metadata.labels['no good']"}, "name part must consist of"),
        ({"fieldPath": "metadata.name['x']"}, "error converting fieldPath: field label does not support subscript"),
        ({"fieldPath": "metadata.labels"}, 'Unsupported value: "metadata.labels"'),
        ({"fieldPath": "spec.host"}, None),
        ({"fieldPath": "metadata.name", "apiVersion": "v2"}, "unsupported pod version: v2"),
        ({"fieldPath": ""}, "fieldPath: Required value"),
    ],
)
def test_field_references(reference: dict[str, str], message: str | None) -> None:
    found = container_problems(env=[{"name": "A", "valueFrom": {"fieldRef": reference}}])
    assert (not found) if message is None else (len(found) == 1 and message in found[0])


def test_resource_reference_divisors() -> None:
    source = {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "1k"}}
    assert container_problems(env=[{"name": "A", "valueFrom": source}]) == [
        'env[0].valueFrom.resourceFieldRef.divisor: Invalid value: "limits.cpu":'
        " only divisor's values 1m and 1 are supported with the cpu resource"
    ]


def test_probes() -> None:
    probe = {"httpGet": {"port": "Web!"}, "exec": {}, "successThreshold": 2, "periodSeconds": -1}
    assert container_problems(livenessProbe=probe) == [
        "livenessProbe.exec.command: Required value",
        "livenessProbe.httpGet: Forbidden: may not specify more than 1 handler type",
        "livenessProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0",
        "livenessProbe.successThreshold: Invalid value: 2: must be 1",
    ]


def test_hooks() -> None:
    hooks = {"postStart": {}, "preStop": {"sleep": {"seconds": 60}}, "stopSignal": "SIGUSR1"}
    assert container_problems(lifecycle=hooks) == [
        "lifecycle.postStart: Required value: must specify a handler type",
        "lifecycle.preStop.sleep: Invalid value: 60: must be non-negative and less than"
        " terminationGracePeriodSeconds (30)",
        "lifecycle.stopSignal: Forbidden: may not be set for containers with empty `spec.os.name`",
    ]


def test_mounts_need_good_volumes() -> None:
    mounts = [
        {"name": "data", "mountPath": "/a"},
        {"name": "data", "mountPath": "/a", "subPath": "../x"},
        {"name": "gone", "mountPath": "", "recursiveReadOnly": "Enabled"},
    ]
    pod = make_pod(
        containers=[{"name": "app", "image": "a:1", "volumeMounts": mounts}], volumes=[{"name": "data", "emptyDir": {}}]
    )
    assert [text.removeprefix("spec.containers[0].volumeMounts") for text in problems(pod)] == [
        '[1].mountPath: Invalid value: "/a": must be unique',
        ".subPath: Invalid value: \"../x\": must not contain '..'",
        '[2].name: Not found: "gone"',
        "[2].mountPath: Required value",
        ".recursiveReadOnly: Forbidden: may only be specified when readOnly is true",
    ]


def test_block_devices_need_claims() -> None:
    pod = make_pod(
        containers=[{"name": "a", "image": "a:1", "volumeDevices": [{"name": "v", "devicePath": "/dev/x"}]}],
        volumes=[{"name": "v", "emptyDir": {}}],
    )
    assert problems(pod) == [
        'spec.containers[0].volumeDevices[0].name: Invalid value: "v": can only use volume source type of'
        " PersistentVolumeClaim or Ephemeral for block mode"
    ]


def test_volumes() -> None:
    volumes = [
        {"name": "two", "emptyDir": {}, "configMap": {"name": ""}},
        {"name": "two", "secret": {}},
        {"name": "Up", "hostPath": {"path": "/a/../b", "type": "Disk"}},
        {"name": "nfs", "nfs": {"server": "s", "path": "rel"}},
        {"name": "csi", "csi": {"driver": ""}},
        {"name": "gce", "gcePersistentDisk": {"pdName": ""}},
        {"name": "pvc", "persistentVolumeClaim": {}},
    ]
    label = (
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end"
        " with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is"
        " '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
    )
    found = [text.removeprefix("spec.volumes") for text in problems(make_pod(volumes=volumes))]
    assert found[:5] == [
        "[0].configMap: Forbidden: may not specify more than 1 volume type",
        "[1].secret.secretName: Required value",
        "[2].hostPath.path: Invalid value: \"/a/../b\": must not contain '..'",
        '[2].hostPath.type: Unsupported value: "Disk": supported values: "", "BlockDevice", "CharDevice", "Directory",'
        ' "DirectoryOrCreate", "File", "FileOrCreate", "Socket"',
        f'[2].name: Invalid value: "Up": {label}',
    ]
    assert found[5] == '[3].nfs.path: Invalid value: "rel": must be an absolute path'
    assert found[6] == "[4].csi.driver: Required value"
    assert found[-2:] == [
        "[5].persistentDisk.pdName: Required value",
        "[6].persistentVolumeClaim.claimName: Required value",
    ]


def test_projected_paths_may_not_collide() -> None:
    sources = [
        {"configMap": {"name": "c", "items": [{"key": "k", "path": "same"}]}},
        {"secret": {"name": "s", "items": [{"key": "k", "path": "same"}]}},
        {"serviceAccountToken": {"path": "t", "expirationSeconds": 60}},
    ]
    pod = make_pod(volumes=[{"name": "v", "projected": {"sources": sources}}], serviceAccountName="x")
    assert problems(pod) == [
        'spec.volumes[0].projected: Invalid value: "s": conflicting duplicate paths',
        "spec.volumes[0].projected.sources[2].serviceAccountToken.expirationSeconds: Invalid value: 60: may not specify"
        " a duration less than 10 minutes",
    ]


def test_ephemeral_volume_claims() -> None:
    claim = {"metadata": {"name": "x"}, "spec": {"resources": {"requests": {"storage": "1Gi"}}}}
    found = problems(make_pod(volumes=[{"name": "v", "ephemeral": {"volumeClaimTemplate": claim}}]))
    assert found[0] == "spec.volumes[0].ephemeral.volumeClaimTemplate.metadata.name: Forbidden: cannot be set"
    assert any("accessModes" in text for text in found)


def test_requests_against_limits() -> None:
    resources = {"limits": {"cpu": "1", "example.com/gpu": "1"}, "requests": {"cpu": "2", "example.com/gpu": "2"}}
    assert container_problems(resources=resources) == [
        'resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1',
        'resources.requests: Invalid value: "2": must be equal to example.com/gpu limit of 1',
    ]


def test_pod_level_resources() -> None:
    containers = [{"name": "a", "image": "a:1", "resources": {"requests": {"cpu": "2"}, "limits": {"memory": "2Gi"}}}]
    resources = {"requests": {"cpu": "1"}, "limits": {"memory": "1Gi"}, "claims": [{"name": "x"}]}
    found = problems(make_pod(containers=containers, resources=resources))
    assert "spec.resources.claims: Forbidden: claims may not be set for Resources at pod-level" in found
    text = "must be greater than or equal to aggregate container requests of 2"
    assert f'spec.resources.requests[cpu]: Invalid value: "1": {text}' in found
    assert (
        'spec.resources.containers[0][memory].limits: Invalid value: "2Gi": must be less than or equal to pod limits'
        " of 1Gi" in found
    )


def test_resource_claims() -> None:
    pod = make_pod(
        containers=[{"name": "a", "image": "a:1", "resources": {"claims": [{"name": "gpu"}, {"name": "none"}]}}],
        resourceClaims=[{"name": "gpu"}],
    )
    assert problems(pod) == [
        'spec.resourceClaims[0]: Invalid value: {"Name":"gpu","ResourceClaimName":null,'
        '"ResourceClaimTemplateName":null}:'
        " must specify one of: `resourceClaimName`, `resourceClaimTemplateName`",
        'spec.containers[0].resources.claims[1]: Not found: "none": must be one of the names in'
        " pod.spec.resourceClaims: gpu",
    ]


def test_security_contexts() -> None:
    context = {"runAsUser": -1, "procMount": "Odd", "seccompProfile": {"type": "Localhost"}}
    assert container_problems(securityContext=context) == [
        "securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive",
        'securityContext.procMount: Unsupported value: "Odd": supported values: "Default", "Unmasked"',
        "securityContext.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost",
    ]
    sysctls = [{"name": "net.core.x"}, {"name": "Bad Name"}, {"name": "net.core.x"}]
    found = problems(make_pod(securityContext={"sysctls": sysctls, "fsGroupChangePolicy": "Now"}))
    assert found[0].startswith('spec.securityContext.sysctls[1].name: Invalid value: "Bad Name": must have at most 253')
    assert found[1:] == [
        'spec.securityContext.sysctls[2].name: Duplicate value: "net.core.x"',
        'spec.securityContext.fsGroupChangePolicy: Unsupported value: "Now": supported values: "Always",'
        ' "OnRootMismatch"',
    ]


def test_privileges_contradict() -> None:
    found = container_problems(securityContext={"privileged": True, "allowPrivilegeEscalation": False})
    assert found == [
        'securityContext: Invalid value: {"Capabilities":null,"Privileged":true,"SELinuxOptions":null,'
        '"WindowsOptions":null,"RunAsUser":null,"RunAsGroup":null,"RunAsNonRoot":null,"ReadOnlyRootFilesystem":null,'
        '"AllowPrivilegeEscalation":false,"ProcMount":null,"SeccompProfile":null,"AppArmorProfile":null}:'
        " cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
    ]


def test_tolerations() -> None:
    tolerations = [
        {"value": "x"},
        {"key": "a", "operator": "Exists", "value": "v", "effect": "Never"},
        {"key": "b", "operator": "Near", "tolerationSeconds": 3},
    ]
    assert [text.removeprefix("spec.tolerations") for text in problems(make_pod(tolerations=tolerations))] == [
        '[0].operator: Invalid value: "": operator must be Exists when `key` is empty,'
        ' which means "match all values and all keys"',
        "[1].operator: Invalid value: \"v\": value must be empty when `operator` is 'Exists'",
        '[1].effect: Unsupported value: "Never": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
        "[2].effect: Invalid value: \"\": effect must be 'NoExecute' when `tolerationSeconds` is set",
        '[2].operator: Unsupported value: "Near": supported values: "Equal", "Exists"',
    ]


def test_topology_spread() -> None:
    constraint = {"maxSkew": 0, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway", "minDomains": 2}
    constraints = [constraint, {**constraint, "maxSkew": 1, "matchLabelKeys": ["app"]}]
    found = [
        text.removeprefix("spec.topologySpreadConstraints")
        for text in problems(make_pod(topologySpreadConstraints=constraints))
    ]
    minimum = (
        "minDomains: Invalid value: 2: can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway"
    )
    assert found == [
        "[0].maxSkew: Invalid value: 0: must be greater than zero",
        '[0].{topologyKey, whenUnsatisfiable}: Duplicate value: "{zone, ScheduleAnyway}"',
        f"[0].{minimum}",
        f"[1].{minimum}",
        "[1].matchLabelKeys: Forbidden: must not be specified when labelSelector is not set",
    ]


def test_dns_and_hosts() -> None:
    config = {"nameservers": ["1.2.3.4", "x", "1.1.1.1", "8.8.8.8"], "searches": ["Bad"], "options": [{}]}
    found = problems(make_pod(dnsConfig=config, hostAliases=[{"ip": "nope", "hostnames": ["a_b"]}]))
    assert found[0] == (
        'spec.dnsConfig.nameservers: Invalid value: ["1.2.3.4","x","1.1.1.1","8.8.8.8"]:'
        " must not have more than 3 nameservers"
    )
    assert found[1].startswith('spec.dnsConfig.nameservers[1]: Invalid value: "x": must be a valid IP address')
    assert found[3] == "spec.dnsConfig.options[0]: Required value: must not be empty"
    assert found[4].startswith('spec.hostAliases[0].ip: Invalid value: "nope"')
    assert found[5].startswith('spec.hostAliases[0].hostnames[0]: Invalid value: "a_b"')


def test_init_and_ephemeral_containers() -> None:
    pod = make_pod(
        initContainers=[
            {"name": "app", "image": "a:1"},
            {"name": "i", "image": "a:1", "lifecycle": {"preStop": {}}, "restartPolicyRules": [{"action": "Restart"}]},
        ]
    )
    assert problems(pod) == [
        'spec.initContainers[0].name: Duplicate value: "app"',
        "spec.initContainers[1].restartPolicy: Required value: must specify restartPolicy when restart rules are used",
        "spec.initContainers[1].lifecycle: Forbidden: may not be set for init containers without restartPolicy=Always",
    ]
    debug = {"name": "debug", "image": "a:1", "ports": [{"containerPort": 1}], "targetContainerName": "nobody"}
    assert problems(make_pod(ephemeralContainers=[debug])) == [
        'spec.ephemeralContainers[0].targetContainerName: Not found: "nobody"',
        "spec.ephemeralContainers[0].ports: Forbidden: cannot be set for an Ephemeral Container",
        "spec.ephemeralContainers: Forbidden: cannot be set on create",
    ]


def test_windows_pods() -> None:
    pod = make_pod(os={"name": "windows"}, hostPID=True, securityContext={"runAsUser": 1})
    assert problems(pod) == [
        "spec.hostPID: Forbidden: cannot be set for a windows pod",
        "spec.securityContext.runAsUser: Forbidden: cannot be set for a windows pod",
    ]
    assert problems(make_pod(os={"name": "plan9"})) == [
        'spec.os: Unsupported value: "plan9": supported values: "linux", "windows"'
    ]


def test_annotations_of_pods() -> None:
    pod = make_pod()
    pod["metadata"]["annotations"] = {
        "kubernetes.io/config.mirror": "x",
        "controller.kubernetes.io/pod-deletion-cost": "cheap",
        "container.apparmor.security.beta.kubernetes.io/other": "odd",
    }
    prefix = "metadata.annotations[container.apparmor.security.beta.kubernetes.io/other]"
    assert problems(pod) == [
        'metadata.annotations[kubernetes.io/config.mirror]: Invalid value: "x": must set spec.nodeName if mirror pod'
        " annotation is set",
        'metadata.annotations[controller.kubernetes.io/pod-deletion-cost]: Invalid value: "cheap": must be a 32bit'
        " integer",
        f'{prefix}: Invalid value: "other": container not found',
        f'{prefix}: Invalid value: "odd": invalid AppArmor profile name: "odd"',
    ]


def test_tokens_need_an_account() -> None:
    pod = make_pod(volumes=[{"name": "t", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}}])
    assert problems(pod) == [
        "spec.volumes[0].projected.sources[0].serviceAccountToken: Forbidden: must not be specified when"
        " serviceAccountName is not set"
    ]


def test_user_namespaces_and_the_hosts_do_not_mix() -> None:
    text = "Forbidden: when `hostUsers` is false"
    assert problems(make_pod(hostUsers=False, hostNetwork=True, hostPID=True)) == [
        f"spec.hostNetwork: {text}",
        f"spec.HostPID: {text}",
    ]


def test_comparing_tolerations_are_switched_off() -> None:
    assert problems(make_pod(tolerations=[{"key": "a", "operator": "Gt", "value": "1"}])) == [
        'spec.tolerations[0].operator: Unsupported value: "Gt": supported values: "Equal", "Exists", "Lt", "Gt"'
    ]
