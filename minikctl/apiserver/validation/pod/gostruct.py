"""Pod specs and volumes as the internal Go structs print them, in "field is immutable" messages and refused updates.

The internal types have no JSON names: every field shows under its Go name, in declaration order, set
or not. Imported only for a refusal. Counterpart: kubernetes `pkg/apis/core/types.go`.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from minikctl.apimachinery import quantity
from minikctl.apimachinery.field import Struct
from minikctl.apiserver.validation.selectors import selector_struct

_CONTAINER = (
    "name= image= command args workingDir= ports:Port envFrom:EnvFrom env:Variable resources~:Resources"
    " resizePolicy:ResizePolicy restartPolicy restartPolicyRules:RestartRule volumeMounts:Mount volumeDevices:Device"
    " livenessProbe:Probe readinessProbe:Probe startupProbe:Probe lifecycle:Lifecycle terminationMessagePath="
    " terminationMessagePolicy= imagePullPolicy= securityContext:SecurityContext stdin! stdinOnce! tty>TTY!"
)
# Per type: fields in order, by their JSON names. `>` gives the Go name where that is not just capitalised. A sign
# says what an unset field shows: none for null (pointers, slices, maps), `=` for "", `#` for 0, `!` for false,
# `%` for a quantity, `~` for a struct of unset fields; `:` names the type of the (elements of the) field.
TYPES = {
    "PodSpec": (
        "volumes:Volume initContainers:Container containers:Container ephemeralContainers:EphemeralContainer"
        " restartPolicy= terminationGracePeriodSeconds activeDeadlineSeconds dnsPolicy>DNSPolicy= nodeSelector"
        " serviceAccountName= automountServiceAccountToken nodeName= securityContext:PodSecurityContext"
        " imagePullSecrets:Named hostname= subdomain= setHostnameAsFQDN affinity:Affinity schedulerName="
        " tolerations:Toleration hostAliases:HostAlias priorityClassName= priority preemptionPolicy"
        " dnsConfig>DNSConfig:DNSConfig readinessGates:ReadinessGate runtimeClassName overhead enableServiceLinks"
        " topologySpreadConstraints:Spread os>OS:Named schedulingGates:Named resourceClaims:PodClaim"
        " resources:Resources hostnameOverride schedulingGroup:SchedulingGroup"
    ),
    "PodSecurityContext": (
        "hostNetwork! hostPID! hostIPC! shareProcessNamespace hostUsers seLinuxOptions>SELinuxOptions:SELinux"
        " windowsOptions:Windows runAsUser runAsGroup runAsNonRoot supplementalGroups supplementalGroupsPolicy"
        " fsGroup>FSGroup fsGroupChangePolicy>FSGroupChangePolicy sysctls:NameValue seccompProfile:Profile"
        " appArmorProfile:Profile seLinuxChangePolicy>SELinuxChangePolicy"
    ),
    "SecurityContext": (
        "capabilities:Capabilities privileged seLinuxOptions>SELinuxOptions:SELinux windowsOptions:Windows runAsUser"
        " runAsGroup runAsNonRoot readOnlyRootFilesystem allowPrivilegeEscalation procMount seccompProfile:Profile"
        " appArmorProfile:Profile"
    ),
    "Capabilities": "add drop",
    "SELinux": "user= role= type= level=",
    "Windows": (
        "gmsaCredentialSpecName>GMSACredentialSpecName gmsaCredentialSpec>GMSACredentialSpec runAsUserName hostProcess"
    ),
    "Profile": "type= localhostProfile",
    "Container": _CONTAINER,
    "EphemeralContainer": f"{_CONTAINER} targetContainerName=",
    "Port": "name= hostPort# containerPort# protocol= hostIP=",
    "EnvFrom": "prefix= configMapRef:OptionalName secretRef:OptionalName",
    "OptionalName": "name= optional",
    "Variable": "name= value= valueFrom:VariableSource",
    "VariableSource": (
        "fieldRef:FieldRef resourceFieldRef:ResourceRef configMapKeyRef:KeyRef secretKeyRef:KeyRef fileKeyRef:FileRef"
    ),
    "FieldRef": "apiVersion>APIVersion= fieldPath=",
    "ResourceRef": "containerName= resource= divisor%",
    "KeyRef": "name= key= optional",
    "FileRef": "volumeName= path= key= optional",
    "Resources": "limits requests claims:Claim",
    "Claim": "name= request=",
    "ResizePolicy": "resourceName= restartPolicy=",
    "RestartRule": "action= exitCodes:ExitCodes",
    "ExitCodes": "operator= values",
    "Mount": "name= readOnly! recursiveReadOnly mountPath= subPath= mountPropagation subPathExpr=",
    "Device": "name= devicePath=",
    "Probe": (
        "exec:Exec httpGet>HTTPGet:HTTP tcpSocket>TCPSocket:TCP grpc>GRPC:GRPC initialDelaySeconds# timeoutSeconds#"
        " periodSeconds# successThreshold# failureThreshold# terminationGracePeriodSeconds"
    ),
    "Lifecycle": "postStart:Hook preStop:Hook stopSignal",
    "Hook": "exec:Exec httpGet>HTTPGet:HTTP tcpSocket>TCPSocket:TCP sleep:Sleep",
    "Exec": "command",
    "HTTP": "path= port# host= scheme= httpHeaders>HTTPHeaders:NameValue",
    "TCP": "port# host=",
    "GRPC": "port# service",
    "Sleep": "seconds#",
    "NameValue": "name= value=",
    "Affinity": "nodeAffinity:NodeAffinity podAffinity:PodAffinity podAntiAffinity:PodAffinity",
    "NodeAffinity": (
        "requiredDuringSchedulingIgnoredDuringExecution:NodeSelector"
        " preferredDuringSchedulingIgnoredDuringExecution:PreferredNode"
    ),
    "NodeSelector": "nodeSelectorTerms:NodeTerm",
    "NodeTerm": "matchExpressions:Requirement matchFields:Requirement",
    "Requirement": "key= operator= values",
    "PreferredNode": "weight# preference~:NodeTerm",
    "PodAffinity": (
        "requiredDuringSchedulingIgnoredDuringExecution:PodTerm"
        " preferredDuringSchedulingIgnoredDuringExecution:PreferredPod"
    ),
    "PreferredPod": "weight# podAffinityTerm~:PodTerm",
    "PodTerm": (
        "labelSelector:LabelSelector namespaces topologyKey= namespaceSelector:LabelSelector matchLabelKeys"
        " mismatchLabelKeys"
    ),
    "Toleration": "key= operator= value= effect= tolerationSeconds",
    "Spread": (
        "maxSkew# topologyKey= whenUnsatisfiable= labelSelector:LabelSelector minDomains nodeAffinityPolicy"
        " nodeTaintsPolicy matchLabelKeys"
    ),
    "HostAlias": "ip>IP= hostnames",
    "DNSConfig": "nameservers searches options:DNSOption",
    "DNSOption": "name= value",
    "ReadinessGate": "conditionType=",
    "PodClaim": "name= resourceClaimName resourceClaimTemplateName",
    "SchedulingGroup": "podGroupName",
    "Named": "name=",
    "Volume": (
        "name= hostPath:HostPath emptyDir:EmptyDir gcePersistentDisk>GCEPersistentDisk:GCEDisk"
        " awsElasticBlockStore>AWSElasticBlockStore:AWSDisk gitRepo:GitRepo secret:Secret nfs>NFS:NFS iscsi>ISCSI:ISCSI"
        " glusterfs:Glusterfs persistentVolumeClaim:ClaimVolume rbd>RBD:RBD quobyte:Quobyte flexVolume:Flex"
        " cinder:Cinder cephfs>CephFS:CephFS flocker:Flocker downwardAPI:DownwardAPI fc>FC:FC azureFile:AzureFile"
        " configMap:ConfigMap vsphereVolume:Vsphere azureDisk:AzureDisk photonPersistentDisk:Photon"
        " projected:Projected portworxVolume:Portworx scaleIO:ScaleIO storageos>StorageOS:StorageOS csi>CSI:CSI"
        " ephemeral:Ephemeral image:Image"
    ),
    "HostPath": "path= type",
    "EmptyDir": "medium= sizeLimit",
    "GCEDisk": "pdName>PDName= fsType>FSType= partition# readOnly!",
    "AWSDisk": "volumeID= fsType>FSType= partition# readOnly!",
    "GitRepo": "repository= revision= directory=",
    "Secret": "secretName= items:Item defaultMode optional",
    "ConfigMap": "name= items:Item defaultMode optional",
    "Item": "key= path= mode",
    "NFS": "server= path= readOnly!",
    "ISCSI": (
        "targetPortal= iqn>IQN= lun# iscsiInterface>ISCSIInterface= fsType>FSType= readOnly! portals"
        " chapAuthDiscovery>DiscoveryCHAPAuth! chapAuthSession>SessionCHAPAuth! secretRef:Named initiatorName"
    ),
    "Glusterfs": "endpoints>EndpointsName= path= readOnly!",
    "ClaimVolume": "claimName= readOnly!",
    "RBD": (
        "monitors>CephMonitors image>RBDImage= fsType>FSType= pool>RBDPool= user>RadosUser= keyring= secretRef:Named"
        " readOnly!"
    ),
    "Quobyte": "registry= volume= readOnly! user= group= tenant=",
    "Flex": "driver= fsType>FSType= secretRef:Named readOnly! options",
    "Cinder": "volumeID= fsType>FSType= readOnly! secretRef:Named",
    "CephFS": "monitors path= user= secretFile= secretRef:Named readOnly!",
    "Flocker": "datasetName= datasetUUID=",
    "DownwardAPI": "items:DownwardFile defaultMode",
    "DownwardFile": "path= fieldRef:FieldRef resourceFieldRef:ResourceRef mode",
    "FC": "targetWWNs lun fsType>FSType= readOnly! wwids>WWIDs",
    "AzureFile": "secretName= shareName= readOnly!",
    "Vsphere": "volumePath= fsType>FSType= storagePolicyName= storagePolicyID=",
    "AzureDisk": "diskName= diskURI>DataDiskURI= cachingMode fsType>FSType readOnly kind",
    "Photon": "pdID= fsType>FSType=",
    "Projected": "sources:Projection defaultMode",
    "Projection": (
        "secret:ProjectedItems downwardAPI:ProjectedFiles configMap:ProjectedItems serviceAccountToken:Token"
        " clusterTrustBundle:TrustBundle podCertificate:Certificate"
    ),
    "ProjectedItems": "name= items:Item optional",
    "ProjectedFiles": "items:DownwardFile",
    "Token": "audience= expirationSeconds# path=",
    "TrustBundle": "name signerName labelSelector:LabelSelector optional path=",
    "Certificate": (
        "signerName= keyType= maxExpirationSeconds credentialBundlePath= keyPath= certificateChainPath= userAnnotations"
    ),
    "Portworx": "volumeID= fsType>FSType= readOnly!",
    "ScaleIO": (
        "gateway= system= secretRef:Named sslEnabled>SSLEnabled! protectionDomain= storagePool= storageMode="
        " volumeName= fsType>FSType= readOnly!"
    ),
    "StorageOS": "volumeName= volumeNamespace= fsType>FSType= readOnly! secretRef:Named",
    "CSI": "driver= readOnly fsType>FSType volumeAttributes nodePublishSecretRef:Named",
    "Ephemeral": "volumeClaimTemplate:ClaimTemplate",
    "ClaimTemplate": "metadata~:ObjectMeta spec~:ClaimSpec",
    "ClaimSpec": (
        "accessModes selector:LabelSelector resources~:ClaimResources volumeName= storageClassName volumeMode"
        " dataSource:DataSource dataSourceRef:DataSourceRef volumeAttributesClassName"
    ),
    "ClaimResources": "limits requests",
    "DataSource": "apiGroup>APIGroup kind= name=",
    "DataSourceRef": "apiGroup>APIGroup kind= name= namespace",
    "Image": "reference= pullPolicy=",
    "VolumeAffinity": "required:NodeSelector",
    "PersistentVolumeSource": (
        "gcePersistentDisk>GCEPersistentDisk:GCEDisk awsElasticBlockStore>AWSElasticBlockStore:AWSDisk"
        " hostPath:HostPath glusterfs:VolumeGlusterfs nfs>NFS:NFS rbd>RBD:VolumeRBD quobyte:Quobyte"
        " iscsi>ISCSI:VolumeISCSI flexVolume:VolumeFlex cinder:VolumeCinder cephfs>CephFS:VolumeCephFS"
        " fc>FC:FC flocker:Flocker azureFile:VolumeAzureFile vsphereVolume:Vsphere azureDisk:AzureDisk"
        " photonPersistentDisk:Photon portworxVolume:Portworx scaleIO:VolumeScaleIO local:Local"
        " storageos>StorageOS:VolumeStorageOS csi>CSI:VolumeCSI"
    ),
    "VolumeGlusterfs": "endpoints>EndpointsName= path= readOnly! endpointsNamespace",
    "VolumeAzureFile": "secretName= shareName= readOnly! secretNamespace",
    "Local": "path= fsType>FSType",
    "VolumeCSI": (
        "driver= volumeHandle= readOnly! fsType>FSType= volumeAttributes controllerPublishSecretRef:InNamespace"
        " nodeStageSecretRef:InNamespace nodePublishSecretRef:InNamespace controllerExpandSecretRef:InNamespace"
        " nodeExpandSecretRef:InNamespace"
    ),
    "InNamespace": "name= namespace=",
    "EventSource": "component= host=",
    "Object": "kind= namespace= name= uid>UID= apiVersion>APIVersion= resourceVersion= fieldPath=",
}
# Sources of PersistentVolumes that differ from those of pods by saying where the secret is.
for _kind in ("RBD", "ISCSI", "Flex", "Cinder", "CephFS", "ScaleIO"):
    TYPES[f"Volume{_kind}"] = TYPES[_kind].replace("secretRef:Named", "secretRef:InNamespace")
TYPES["VolumeStorageOS"] = TYPES["StorageOS"].replace("secretRef:Named", "secretRef:Object")
_UNSET: dict[str, Any] = {"=": "", "#": 0, "!": False, "%": "0"}
_HOST_FIELDS = ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "hostUsers")
_META = ("name", "generateName", "namespace", "labels", "annotations", "finalizers")


def template_struct(template: dict[str, Any] | None) -> Struct:
    """A PodTemplateSpec: its metadata has JSON names and is inlined, the spec has Go names."""
    template = template or {}
    shown = _object_meta(template.get("metadata") or {})
    shown["Spec"] = pod_spec_struct(template.get("spec") or {})
    return shown


def pod_spec_struct(spec: dict[str, Any]) -> Struct:
    """A PodSpec; internally the host's namespaces are part of the security context."""
    context = dict(spec.get("securityContext") or {})
    context.update({key: spec[key] for key in _HOST_FIELDS if key in spec})
    return struct_of("PodSpec", {**spec, "securityContext": context})


def struct_of(kind: str, value: dict[str, Any]) -> Struct:
    """A value of one of the types above."""
    shown = Struct()
    for key, name, sign, nested in _fields(kind):
        item = value.get(key)
        if nested == "ObjectMeta":
            shown.update(_object_meta(item or {}))
        elif item is None:
            shown[name] = _one(nested, {}) if sign == "~" else _UNSET.get(sign)
        elif not nested:
            shown[name] = quantity.canonical(item) if sign == "%" else item
        elif isinstance(item, list):
            shown[name] = [_one(nested, part) for part in item]
        else:
            shown[name] = _one(nested, item)
    return shown


def _one(kind: str, value: dict[str, Any]) -> Struct | None:
    return selector_struct(value) if kind == "LabelSelector" else struct_of(kind, value)


@cache
def _fields(kind: str) -> list[tuple[str, str, str, str]]:
    """The fields of a type: JSON name, Go name, sign, type of what is in it."""
    fields = []
    for entry in TYPES[kind].split():
        head, _, nested = entry.partition(":")
        sign = head[-1] if head[-1] in "=#!%~" else ""
        key, _, name = head.rstrip("=#!%~").partition(">")
        fields.append((key, name or key[:1].upper() + key[1:], sign, nested))
    return fields


def _object_meta(meta: dict[str, Any]) -> Struct:
    return Struct({key: meta[key] for key in _META if meta.get(key)})
