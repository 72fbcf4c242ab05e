"""A pod template as the internal Go structs print it, for "field is immutable" messages.

The internal types have no JSON names: every field shows under its Go name, in declaration order, set
or not. Imported only for a refusal. Counterpart: kubernetes `pkg/apis/core/types.go`.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.field import Struct

# Per type: field names in order. A suffix says what an unset field shows: none for null (pointers,
# slices, maps), `=` for "", `#` for 0, `!` for false; `:Type` names the type of the (elements of the) field.
_TYPES = {
    "PodSpec": (
        "volumes:Volume initContainers:Container containers:Container ephemeralContainers:Container restartPolicy="
        " terminationGracePeriodSeconds activeDeadlineSeconds dnsPolicy= nodeSelector serviceAccountName="
        " automountServiceAccountToken nodeName= securityContext:PodSecurityContext imagePullSecrets:Named hostname="
        " subdomain= setHostnameAsFQDN affinity schedulerName= tolerations:Toleration hostAliases priorityClassName="
        " priority preemptionPolicy dnsConfig readinessGates runtimeClassName overhead enableServiceLinks"
        " topologySpreadConstraints os schedulingGates:Named resourceClaims resources hostnameOverride schedulingGroup"
    ),
    "PodSecurityContext": (
        "hostNetwork! hostPID! hostIPC! shareProcessNamespace hostUsers seLinuxOptions windowsOptions runAsUser"
        " runAsGroup runAsNonRoot supplementalGroups supplementalGroupsPolicy fsGroup fsGroupChangePolicy sysctls"
        " seccompProfile appArmorProfile seLinuxChangePolicy"
    ),
    "Container": (
        "name= image= command args workingDir= ports:Port envFrom env:Variable resources:Resources resizePolicy"
        " restartPolicy restartPolicyRules volumeMounts:Mount volumeDevices livenessProbe:Probe readinessProbe:Probe"
        " startupProbe:Probe lifecycle terminationMessagePath= terminationMessagePolicy= imagePullPolicy="
        " securityContext:SecurityContext stdin! stdinOnce! tty!"
    ),
    "Port": "name= hostPort# containerPort# protocol= hostIP=",
    "Variable": "name= value= valueFrom",
    "Resources": "limits requests claims",
    "Mount": "name= readOnly! recursiveReadOnly mountPath= subPath= mountPropagation subPathExpr=",
    "Probe": (
        "exec httpGet:HTTP tcpSocket grpc initialDelaySeconds# timeoutSeconds# periodSeconds# successThreshold#"
        " failureThreshold# terminationGracePeriodSeconds"
    ),
    "HTTP": "path= port# host= scheme= httpHeaders",
    "SecurityContext": (
        "capabilities privileged seLinuxOptions windowsOptions runAsUser runAsGroup runAsNonRoot"
        " readOnlyRootFilesystem allowPrivilegeEscalation procMount seccompProfile appArmorProfile"
    ),
    "Toleration": "key= operator= value= effect= tolerationSeconds",
    "Named": "name=",
    "Volume": (
        "name= hostPath emptyDir gcePersistentDisk awsElasticBlockStore gitRepo secret nfs iscsi glusterfs"
        " persistentVolumeClaim rbd quobyte flexVolume cinder cephfs flocker downwardAPI fc azureFile configMap"
        " vsphereVolume azureDisk photonPersistentDisk projected portworxVolume scaleIO storageos csi ephemeral image"
    ),
}
_GO_NAMES = {
    "dnsPolicy": "DNSPolicy",
    "dnsConfig": "DNSConfig",
    "tty": "TTY",
    "os": "OS",
    "gcePersistentDisk": "GCEPersistentDisk",
    "awsElasticBlockStore": "AWSElasticBlockStore",
    "nfs": "NFS",
    "iscsi": "ISCSI",
    "rbd": "RBD",
    "cephfs": "CephFS",
    "fc": "FC",
    "storageos": "StorageOS",
    "csi": "CSI",
    "seLinuxOptions": "SELinuxOptions",
    "seLinuxChangePolicy": "SELinuxChangePolicy",
    "fsGroup": "FSGroup",
    "fsGroupChangePolicy": "FSGroupChangePolicy",
    "tcpSocket": "TCPSocket",
    "httpGet": "HTTPGet",
    "grpc": "GRPC",
    "httpHeaders": "HTTPHeaders",
}
_UNSET: dict[str, Any] = {"=": "", "#": 0, "!": False}
_HOST_FIELDS = ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "hostUsers")
_META = ("name", "generateName", "namespace", "labels", "annotations", "finalizers")


def template_struct(template: dict[str, Any] | None) -> Struct:
    """A PodTemplateSpec: its metadata has JSON names and is inlined, the spec has Go names."""
    template = template or {}
    meta = template.get("metadata") or {}
    shown = Struct({key: meta[key] for key in _META if meta.get(key)})
    shown["Spec"] = pod_spec_struct(template.get("spec") or {})
    return shown


def pod_spec_struct(spec: dict[str, Any]) -> Struct:
    """A PodSpec; internally the host's namespaces are part of the security context."""
    context = dict(spec.get("securityContext") or {})
    context.update({key: spec[key] for key in _HOST_FIELDS if key in spec})
    return _struct("PodSpec", {**spec, "securityContext": context})


def _struct(kind: str, value: dict[str, Any]) -> Struct:
    shown = Struct()
    for entry in _TYPES[kind].split():
        name, _, nested = entry.partition(":")
        unset = _UNSET.get(name[-1])
        name = name.rstrip("=#!")
        item = value.get(name)
        if item is None:
            shown[_go_name(name)] = Struct(Limits=None, Requests=None, Claims=None) if nested == "Resources" else unset
        elif nested and isinstance(item, list):
            shown[_go_name(name)] = [_struct(nested, part) for part in item]
        elif nested and isinstance(item, dict):
            shown[_go_name(name)] = _struct(nested, item)
        else:
            shown[_go_name(name)] = _plain(item)
    return shown


def _go_name(name: str) -> str:
    return _GO_NAMES.get(name) or name[:1].upper() + name[1:]


_MAPS = frozenset(("nodeSelector", "limits", "requests", "overhead", "matchLabels"))


def _plain(value: Any) -> Any:
    """A value of a type that has no table: its set fields, under capitalised names."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        if all(not isinstance(item, dict | list) for item in value.values()) and any(
            "." in k or "/" in k for k in value
        ):
            return value
        return Struct({_go_name(key): item if key in _MAPS else _plain(item) for key, item in value.items()})
    return value
