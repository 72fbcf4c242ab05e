"""What v1.36's Go types say and the OpenAPI documents leave out; read by make_schemas.py.

NAMED: string fields whose Go type has a name of its own, with the values the apiserver publishes
for it (the published documents omit enums). POINTERS: optional scalars that tell "unset" from
zero; every other optional scalar at its zero value does not exist on the wire.
"""

# ruff: noqa: E501  (tables read better unbroken)

from __future__ import annotations

_SIGNALS = (
    "ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP TSTP "
    "TTIN TTOU URG USR1 USR2 VTALRM WINCH XCPU XFSZ RTMIN RTMAX"
)

# Go type -> (fields as "group.Definition.field", values separated by "|"; no values: not an enum).
NAMED: dict[str, tuple[str, str]] = {
    # core
    "core.v1.AppArmorProfileType": ("core.AppArmorProfile.type", "Localhost|RuntimeDefault|Unconfined"),
    "core.v1.AzureDataDiskCachingMode": ("core.AzureDiskVolumeSource.cachingMode", "None|ReadOnly|ReadWrite"),
    "core.v1.AzureDataDiskKind": ("core.AzureDiskVolumeSource.kind", "Dedicated|Managed|Shared"),
    "core.v1.Protocol": (
        "core.ContainerPort.protocol core.EndpointPort.protocol core.PortStatus.protocol core.ServicePort.protocol "
        "discovery.EndpointPort.protocol networking.IngressPortStatus.protocol networking.NetworkPolicyPort.protocol",
        "SCTP|TCP|UDP",
    ),
    "core.v1.PullPolicy": (
        "core.Container.imagePullPolicy core.EphemeralContainer.imagePullPolicy core.ImageVolumeSource.pullPolicy",
        "Always|IfNotPresent|Never",
    ),
    "core.v1.TerminationMessagePolicy": (
        "core.Container.terminationMessagePolicy core.EphemeralContainer.terminationMessagePolicy",
        "FallbackToLogsOnError|File",
    ),
    "core.v1.ContainerRestartPolicy": ("core.Container.restartPolicy core.EphemeralContainer.restartPolicy", ""),
    "core.v1.URIScheme": ("core.HTTPGetAction.scheme", "HTTP|HTTPS"),
    "core.v1.HostPathType": (
        "core.HostPathVolumeSource.type",
        "|BlockDevice|CharDevice|Directory|DirectoryOrCreate|File|FileOrCreate|Socket",
    ),
    "core.v1.Signal": (
        "core.Lifecycle.stopSignal core.ContainerStatus.stopSignal",
        "|".join(
            sorted(
                ["SIG" + name for name in _SIGNALS.split()]
                + [f"SIGRTMIN+{n}" for n in range(1, 16)]
                + [f"SIGRTMAX-{n}" for n in range(1, 15)]
            )
        ),
    ),
    "core.v1.PersistentVolumeClaimModifyVolumeStatus": (
        "core.ModifyVolumeStatus.status",
        "InProgress|Infeasible|Pending",
    ),
    "core.v1.NamespacePhase": ("core.NamespaceStatus.phase", "Active|Terminating"),
    "core.v1.NodeSelectorOperator": ("core.NodeSelectorRequirement.operator", "DoesNotExist|Exists|Gt|In|Lt|NotIn"),
    "core.v1.NodePhase": ("core.NodeStatus.phase", "Pending|Running|Terminated"),
    "core.v1.PersistentVolumeMode": (
        "core.PersistentVolumeClaimSpec.volumeMode core.PersistentVolumeSpec.volumeMode",
        "Block|Filesystem",
    ),
    "core.v1.PersistentVolumeAccessMode": (
        "core.PersistentVolumeClaimSpec.accessModes core.PersistentVolumeClaimStatus.accessModes "
        "core.PersistentVolumeSpec.accessModes",
        "ReadOnlyMany|ReadWriteMany|ReadWriteOnce|ReadWriteOncePod",
    ),
    "core.v1.PersistentVolumeClaimPhase": ("core.PersistentVolumeClaimStatus.phase", "Bound|Lost|Pending"),
    "core.v1.PersistentVolumePhase": (
        "core.PersistentVolumeStatus.phase",
        "Available|Bound|Failed|Pending|Released",
    ),
    "core.v1.PersistentVolumeReclaimPolicy": (
        "core.PersistentVolumeSpec.persistentVolumeReclaimPolicy storage.StorageClass.reclaimPolicy",
        "Delete|Recycle|Retain",
    ),
    "core.v1.PodFSGroupChangePolicy": ("core.PodSecurityContext.fsGroupChangePolicy", "Always|OnRootMismatch"),
    "core.v1.SupplementalGroupsPolicy": ("core.PodSecurityContext.supplementalGroupsPolicy", "Merge|Strict"),
    "core.v1.DNSPolicy": ("core.PodSpec.dnsPolicy", "ClusterFirst|ClusterFirstWithHostNet|Default|None"),
    "core.v1.PreemptionPolicy": (
        "core.PodSpec.preemptionPolicy scheduling.PriorityClass.preemptionPolicy",
        "Never|PreemptLowerPriority",
    ),
    "core.v1.RestartPolicy": ("core.PodSpec.restartPolicy", "Always|Never|OnFailure"),
    "core.v1.PodPhase": ("core.PodStatus.phase", "Failed|Pending|Running|Succeeded|Unknown"),
    "core.v1.PodQOSClass": ("core.PodStatus.qosClass", "BestEffort|Burstable|Guaranteed"),
    "core.v1.ScopeSelectorOperator": (
        "core.ScopedResourceSelectorRequirement.operator",
        "DoesNotExist|Exists|In|NotIn",
    ),
    "core.v1.ResourceQuotaScope": (
        "core.ScopedResourceSelectorRequirement.scopeName core.ResourceQuotaSpec.scopes",
        "BestEffort|CrossNamespacePodAffinity|NotBestEffort|NotTerminating|PriorityClass|Terminating|VolumeAttributesClass",
    ),
    "core.v1.SeccompProfileType": ("core.SeccompProfile.type", "Localhost|RuntimeDefault|Unconfined"),
    "core.v1.ProcMountType": ("core.SecurityContext.procMount", "Default|Unmasked"),
    "core.v1.ServiceExternalTrafficPolicy": ("core.ServiceSpec.externalTrafficPolicy", "Cluster|Local"),
    "core.v1.ServiceInternalTrafficPolicy": ("core.ServiceSpec.internalTrafficPolicy", "Cluster|Local"),
    "core.v1.IPFamily": ("core.ServiceSpec.ipFamilies", "|IPv4|IPv6"),
    "core.v1.IPFamilyPolicy": ("core.ServiceSpec.ipFamilyPolicy", "PreferDualStack|RequireDualStack|SingleStack"),
    "core.v1.ServiceAffinity": ("core.ServiceSpec.sessionAffinity", "ClientIP|None"),
    "core.v1.ServiceType": ("core.ServiceSpec.type", "ClusterIP|ExternalName|LoadBalancer|NodePort"),
    "core.v1.TaintEffect": ("core.Taint.effect core.Toleration.effect", "NoExecute|NoSchedule|PreferNoSchedule"),
    "core.v1.TolerationOperator": ("core.Toleration.operator", "Equal|Exists|Gt|Lt"),
    "core.v1.UnsatisfiableConstraintAction": (
        "core.TopologySpreadConstraint.whenUnsatisfiable",
        "DoNotSchedule|ScheduleAnyway",
    ),
    "core.v1.NodeInclusionPolicy": (
        "core.TopologySpreadConstraint.nodeAffinityPolicy core.TopologySpreadConstraint.nodeTaintsPolicy",
        "Honor|Ignore",
    ),
    "core.v1.MountPropagationMode": ("core.VolumeMount.mountPropagation", "Bidirectional|HostToContainer|None"),
    "core.v1.RecursiveReadOnlyMode": (
        "core.VolumeMount.recursiveReadOnly core.VolumeMountStatus.recursiveReadOnly",
        "",
    ),
    "core.v1.StorageMedium": ("core.EmptyDirVolumeSource.medium", ""),
    "core.v1.SecretType": ("core.Secret.type", ""),
    "core.v1.LimitType": ("core.LimitRangeItem.type", ""),
    "core.v1.FinalizerName": ("core.NamespaceSpec.finalizers", ""),
    "core.v1.Capability": ("core.Capabilities.add core.Capabilities.drop", ""),
    "core.v1.OSName": ("core.PodOS.name", ""),
    "core.v1.ConditionStatus": (
        "core.PodCondition.status core.NodeCondition.status core.NamespaceCondition.status apps.DeploymentCondition.status "
        "apps.ReplicaSetCondition.status apps.StatefulSetCondition.status apps.DaemonSetCondition.status "
        "batch.JobCondition.status core.PersistentVolumeClaimCondition.status core.ReplicationControllerCondition.status",
        "",
    ),
    "types.UID": (
        "meta.ObjectMeta.uid meta.OwnerReference.uid core.ObjectReference.uid meta.Preconditions.uid",
        "",
    ),
    # apps, batch, autoscaling
    "apps.v1.DaemonSetUpdateStrategyType": ("apps.DaemonSetUpdateStrategy.type", "OnDelete|RollingUpdate"),
    "apps.v1.DeploymentStrategyType": ("apps.DeploymentStrategy.type", "Recreate|RollingUpdate"),
    "apps.v1.StatefulSetUpdateStrategyType": ("apps.StatefulSetUpdateStrategy.type", "OnDelete|RollingUpdate"),
    "apps.v1.PodManagementPolicyType": ("apps.StatefulSetSpec.podManagementPolicy", "OrderedReady|Parallel"),
    "apps.v1.PersistentVolumeClaimRetentionPolicyType": (
        "apps.StatefulSetPersistentVolumeClaimRetentionPolicy.whenDeleted "
        "apps.StatefulSetPersistentVolumeClaimRetentionPolicy.whenScaled",
        "",
    ),
    "batch.v1.ConcurrencyPolicy": ("batch.CronJobSpec.concurrencyPolicy", "Allow|Forbid|Replace"),
    "batch.v1.CompletionMode": ("batch.JobSpec.completionMode", "Indexed|NonIndexed"),
    "batch.v1.PodReplacementPolicy": ("batch.JobSpec.podReplacementPolicy", "Failed|TerminatingOrFailed"),
    "batch.v1.PodFailurePolicyAction": ("batch.PodFailurePolicyRule.action", "Count|FailIndex|FailJob|Ignore"),
    "batch.v1.PodFailurePolicyOnExitCodesOperator": (
        "batch.PodFailurePolicyOnExitCodesRequirement.operator",
        "In|NotIn",
    ),
    "autoscaling.v2.ScalingPolicySelect": ("autoscaling.HPAScalingRules.selectPolicy", ""),
    "autoscaling.v2.HPAScalingPolicyType": ("autoscaling.HPAScalingPolicy.type", ""),
    "autoscaling.v2.MetricSourceType": ("autoscaling.MetricSpec.type autoscaling.MetricStatus.type", ""),
    "autoscaling.v2.MetricTargetType": ("autoscaling.MetricTarget.type", ""),
    # networking, policy, discovery, storage
    "networking.v1.PathType": ("networking.HTTPIngressPath.pathType", "Exact|ImplementationSpecific|Prefix"),
    "networking.v1.PolicyType": ("networking.NetworkPolicySpec.policyTypes", "Egress|Ingress"),
    "policy.v1.UnhealthyPodEvictionPolicyType": (
        "policy.PodDisruptionBudgetSpec.unhealthyPodEvictionPolicy",
        "AlwaysAllow|IfHealthyBudget",
    ),
    "discovery.v1.AddressType": ("discovery.EndpointSlice.addressType", "FQDN|IPv4|IPv6"),
    "storage.v1.VolumeBindingMode": ("storage.StorageClass.volumeBindingMode", "Immediate|WaitForFirstConsumer"),
    "storage.v1.FSGroupPolicy": ("storage.CSIDriverSpec.fsGroupPolicy", "File|None|ReadWriteOnceWithFSType"),
    "storage.v1.VolumeLifecycleMode": ("storage.CSIDriverSpec.volumeLifecycleModes", "Ephemeral|Persistent"),
    # admissionregistration, certificates, resource
    "admissionregistration.v1.FailurePolicyType": (
        "admissionregistration.MutatingWebhook.failurePolicy admissionregistration.ValidatingWebhook.failurePolicy "
        "admissionregistration.MutatingAdmissionPolicySpec.failurePolicy "
        "admissionregistration.ValidatingAdmissionPolicySpec.failurePolicy",
        "Fail|Ignore",
    ),
    "admissionregistration.v1.MatchPolicyType": (
        "admissionregistration.MatchResources.matchPolicy admissionregistration.MutatingWebhook.matchPolicy "
        "admissionregistration.ValidatingWebhook.matchPolicy",
        "Equivalent|Exact",
    ),
    "admissionregistration.v1.SideEffectClass": (
        "admissionregistration.MutatingWebhook.sideEffects admissionregistration.ValidatingWebhook.sideEffects",
        "None|NoneOnDryRun|Some|Unknown",
    ),
    "admissionregistration.v1.ScopeType": (
        "admissionregistration.NamedRuleWithOperations.scope admissionregistration.RuleWithOperations.scope",
        "*|Cluster|Namespaced",
    ),
    "admissionregistration.v1.ReinvocationPolicyType": (
        "admissionregistration.MutatingWebhook.reinvocationPolicy "
        "admissionregistration.MutatingAdmissionPolicySpec.reinvocationPolicy",
        "IfNeeded|Never",
    ),
    "admissionregistration.v1.OperationType": (
        "admissionregistration.NamedRuleWithOperations.operations admissionregistration.RuleWithOperations.operations",
        "*|CONNECT|CREATE|DELETE|UPDATE",
    ),
    "admissionregistration.v1.ParameterNotFoundActionType": (
        "admissionregistration.ParamRef.parameterNotFoundAction",
        "Allow|Deny",
    ),
    "admissionregistration.v1.ValidationAction": (
        "admissionregistration.ValidatingAdmissionPolicyBindingSpec.validationActions",
        "Audit|Deny|Warn",
    ),
    "admissionregistration.v1.PatchType": ("admissionregistration.Mutation.patchType", "ApplyConfiguration|JSONPatch"),
    "certificates.v1.KeyUsage": (
        "certificates.CertificateSigningRequestSpec.usages",
        "any|cert sign|client auth|code signing|content commitment|crl sign|data encipherment|decipher only|"
        "digital signature|email protection|encipher only|ipsec end system|ipsec tunnel|ipsec user|key agreement|"
        "key encipherment|microsoft sgc|netscape sgc|ocsp signing|s/mime|server auth|signing|timestamping",
    ),
    "resource.v1.DeviceTaintEffect": (
        "resource.DeviceTaint.effect resource.DeviceToleration.effect",
        "NoExecute|NoSchedule|None",
    ),
    "resource.v1.DeviceTolerationOperator": ("resource.DeviceToleration.operator", "Equal|Exists"),
}

# Maps with a Go name of their own.
NAMED_MAPS = {
    "v1.ResourceList": (
        "core.ResourceRequirements.limits core.ResourceRequirements.requests core.VolumeResourceRequirements.limits "
        "core.VolumeResourceRequirements.requests core.LimitRangeItem.default core.LimitRangeItem.defaultRequest "
        "core.LimitRangeItem.max core.LimitRangeItem.min core.LimitRangeItem.maxLimitRequestRatio core.NodeStatus.capacity "
        "core.NodeStatus.allocatable core.PersistentVolumeSpec.capacity core.PersistentVolumeClaimStatus.capacity "
        "core.ResourceQuotaSpec.hard core.ResourceQuotaStatus.hard core.ResourceQuotaStatus.used core.PodSpec.overhead "
        "core.ContainerStatus.allocatedResources node.Overhead.podFixed core.PersistentVolumeClaimStatus.allocatedResources"
    )
}

# Optional scalars that are pointers, by "group.Definition".
POINTERS: dict[str, str] = {
    "admissionregistration.MatchResources": "matchPolicy",
    "admissionregistration.MutatingAdmissionPolicySpec": "failurePolicy",
    "admissionregistration.MutatingWebhook": "failurePolicy matchPolicy reinvocationPolicy sideEffects timeoutSeconds",
    "admissionregistration.NamedRuleWithOperations": "scope",
    "admissionregistration.ParamRef": "parameterNotFoundAction",
    "admissionregistration.RuleWithOperations": "scope",
    "admissionregistration.ServiceReference": "path port",
    "admissionregistration.ValidatingAdmissionPolicySpec": "failurePolicy",
    "admissionregistration.ValidatingWebhook": "failurePolicy matchPolicy sideEffects timeoutSeconds",
    "admissionregistration.Validation": "reason",
    "admissionregistration.WebhookClientConfig": "url",
    "apiextensions.CustomResourceDefinitionVersion": "deprecationWarning",
    "apiextensions.CustomResourceSubresourceScale": "labelSelectorPath",
    "apiextensions.JSONSchemaProps": (
        "$ref $schema maxItems maxLength maxProperties maximum minItems minLength minProperties minimum multipleOf "
        "x-kubernetes-list-type x-kubernetes-map-type x-kubernetes-preserve-unknown-fields"
    ),
    "apiextensions.ServiceReference": "path port",
    "apiextensions.ValidationRule": "optionalOldSelf reason",
    "apiextensions.WebhookClientConfig": "url",
    "apiregistration.ServiceReference": "port",
    "apps.DaemonSetSpec": "revisionHistoryLimit",
    "apps.DaemonSetStatus": "collisionCount",
    "apps.DeploymentSpec": "progressDeadlineSeconds replicas revisionHistoryLimit",
    "apps.DeploymentStatus": "collisionCount terminatingReplicas",
    "apps.ReplicaSetSpec": "replicas",
    "apps.ReplicaSetStatus": "terminatingReplicas",
    "apps.RollingUpdateStatefulSetStrategy": "partition",
    "apps.StatefulSetSpec": "replicas revisionHistoryLimit",
    "apps.StatefulSetStatus": "collisionCount",
    "authentication.TokenRequestSpec": "expirationSeconds",
    "autoscaling.HPAScalingRules": "selectPolicy stabilizationWindowSeconds",
    "autoscaling.HorizontalPodAutoscalerSpec": "minReplicas targetCPUUtilizationPercentage",
    "autoscaling.HorizontalPodAutoscalerStatus": "currentCPUUtilizationPercentage observedGeneration",
    "autoscaling.MetricTarget": "averageUtilization",
    "autoscaling.MetricValueStatus": "averageUtilization",
    "batch.CronJobSpec": "failedJobsHistoryLimit startingDeadlineSeconds successfulJobsHistoryLimit suspend timeZone",
    "batch.JobSpec": (
        "activeDeadlineSeconds backoffLimit backoffLimitPerIndex completionMode completions managedBy manualSelector "
        "maxFailedIndexes parallelism podReplacementPolicy suspend ttlSecondsAfterFinished"
    ),
    "batch.JobStatus": "failedIndexes ready terminating",
    "batch.PodFailurePolicyOnExitCodesRequirement": "containerName",
    "batch.SuccessPolicyRule": "succeededCount succeededIndexes",
    "certificates.CertificateSigningRequestSpec": "expirationSeconds",
    "certificates.PodCertificateRequestSpec": "maxExpirationSeconds",
    "coordination.LeaseSpec": ("holderIdentity leaseDurationSeconds leaseTransitions preferredHolder strategy"),
    "core.AppArmorProfile": "localhostProfile",
    "core.AzureDiskVolumeSource": "cachingMode fsType kind readOnly",
    "core.AzureFilePersistentVolumeSource": "secretNamespace",
    "core.CSIVolumeSource": "fsType readOnly",
    "core.ClientIPConfig": "timeoutSeconds",
    "core.ClusterTrustBundleProjection": "name optional signerName",
    "core.ConfigMap": "immutable",
    "core.ConfigMapEnvSource": "optional",
    "core.ConfigMapKeySelector": "optional",
    "core.ConfigMapProjection": "optional",
    "core.ConfigMapVolumeSource": "defaultMode optional",
    "core.Container": "restartPolicy",
    "core.ContainerStatus": "started stopSignal",
    "core.DownwardAPIVolumeFile": "mode",
    "core.DownwardAPIVolumeSource": "defaultMode",
    "core.EndpointAddress": "nodeName",
    "core.EndpointPort": "appProtocol",
    "core.EphemeralContainer": "restartPolicy",
    "core.FCVolumeSource": "lun",
    "core.FileKeySelector": "optional",
    "core.GRPCAction": "service",
    "core.GlusterfsPersistentVolumeSource": "endpointsNamespace",
    "core.HostPathVolumeSource": "type",
    "core.ISCSIPersistentVolumeSource": "initiatorName",
    "core.ISCSIVolumeSource": "initiatorName",
    "core.KeyToPath": "mode",
    "core.Lifecycle": "stopSignal",
    "core.LoadBalancerIngress": "ipMode",
    "core.LocalVolumeSource": "fsType",
    "core.NodeAllocatableResourceClaimStatus": "",
    "core.NodeFeatures": "supplementalGroupsPolicy",
    "core.NodeRuntimeHandlerFeatures": "recursiveReadOnlyMounts userNamespaces",
    "core.NodeSwapStatus": "capacity",
    "core.PersistentVolumeClaimSpec": "storageClassName volumeAttributesClassName volumeMode",
    "core.PersistentVolumeClaimStatus": "currentVolumeAttributesClassName",
    "core.PersistentVolumeSpec": "volumeAttributesClassName volumeMode",
    "core.PodCertificateProjection": "maxExpirationSeconds",
    "core.PodDNSConfigOption": "value",
    "core.PodResourceClaim": "resourceClaimName resourceClaimTemplateName",
    "core.PodResourceClaimStatus": "resourceClaimName",
    "core.PodSchedulingGroup": "podGroupName",
    "core.PodSecurityContext": (
        "fsGroup fsGroupChangePolicy runAsGroup runAsNonRoot runAsUser seLinuxChangePolicy supplementalGroupsPolicy"
    ),
    "core.PodSpec": (
        "activeDeadlineSeconds automountServiceAccountToken enableServiceLinks hostUsers hostnameOverride preemptionPolicy "
        "priority runtimeClassName setHostnameAsFQDN shareProcessNamespace terminationGracePeriodSeconds"
    ),
    "core.PortStatus": "error",
    "core.Probe": "terminationGracePeriodSeconds",
    "core.ProjectedVolumeSource": "defaultMode",
    "core.ReplicationControllerSpec": "replicas",
    "core.SeccompProfile": "localhostProfile",
    "core.Secret": "immutable",
    "core.SecretEnvSource": "optional",
    "core.SecretKeySelector": "optional",
    "core.SecretProjection": "optional",
    "core.SecretVolumeSource": "defaultMode optional",
    "core.SecurityContext": (
        "allowPrivilegeEscalation privileged procMount readOnlyRootFilesystem runAsGroup runAsNonRoot runAsUser"
    ),
    "core.ServiceAccount": "automountServiceAccountToken",
    "core.ServiceAccountTokenProjection": "expirationSeconds",
    "core.ServicePort": "appProtocol",
    "core.ServiceSpec": (
        "allocateLoadBalancerNodePorts internalTrafficPolicy ipFamilyPolicy loadBalancerClass trafficDistribution"
    ),
    "core.Toleration": "tolerationSeconds",
    "core.TopologySpreadConstraint": "minDomains nodeAffinityPolicy nodeTaintsPolicy",
    "core.TypedLocalObjectReference": "apiGroup",
    "core.TypedObjectReference": "apiGroup namespace",
    "core.VolumeMount": "mountPropagation recursiveReadOnly",
    "core.VolumeMountStatus": "recursiveReadOnly",
    "core.WindowsSecurityContextOptions": ("gmsaCredentialSpec gmsaCredentialSpecName hostProcess runAsUserName"),
    "discovery.Endpoint": "hostname nodeName zone",
    "discovery.EndpointConditions": "ready serving terminating",
    "discovery.EndpointPort": "appProtocol name port protocol",
    "flowcontrol.ExemptPriorityLevelConfiguration": "lendablePercent nominalConcurrencyShares",
    "flowcontrol.LimitedPriorityLevelConfiguration": "borrowingLimitPercent lendablePercent nominalConcurrencyShares",
    "meta.DeleteOptions": (
        "gracePeriodSeconds ignoreStoreReadErrorWithClusterBreakingPotential orphanDependents propagationPolicy"
    ),
    "meta.ListMeta": "remainingItemCount",
    "meta.ObjectMeta": "deletionGracePeriodSeconds",
    "meta.OwnerReference": "blockOwnerDeletion controller",
    "meta.Preconditions": "resourceVersion uid",
    "networking.HTTPIngressPath": "pathType",
    "networking.IngressClassParametersReference": "apiGroup namespace scope",
    "networking.IngressPortStatus": "error",
    "networking.IngressSpec": "ingressClassName",
    "networking.NetworkPolicyPort": "endPort protocol",
    "policy.PodDisruptionBudgetSpec": "unhealthyPodEvictionPolicy",
    "resource.AllocatedDeviceStatus": "shareID",
    "resource.Device": "allNodes allowMultipleAllocations bindsToNode nodeName",
    "resource.DeviceAttribute": "bool int string version",
    "resource.DeviceClassSpec": "extendedResourceName",
    "resource.DeviceConstraint": "distinctAttribute matchAttribute",
    "resource.DeviceRequest": "adminAccess",
    "resource.DeviceRequestAllocationResult": "adminAccess shareID",
    "resource.DeviceTaintSelector": "device driver pool",
    "resource.DeviceToleration": "tolerationSeconds",
    "resource.ExactDeviceRequest": "adminAccess",
    "resource.NodeAllocatableResourceMapping": "capacityKey",
    "resource.ResourceSliceSpec": "allNodes nodeName perDeviceNodeSelection",
    "scheduling.PriorityClass": "preemptionPolicy",
    "storage.CSIDriverSpec": (
        "attachRequired fsGroupPolicy nodeAllocatableUpdatePeriodSeconds podInfoOnMount preventPodSchedulingIfMissing "
        "requiresRepublish seLinuxMount serviceAccountTokenInSecrets storageCapacity"
    ),
    "storage.StorageClass": "allowVolumeExpansion reclaimPolicy volumeBindingMode",
    "storage.TokenRequest": "expirationSeconds",
    "storage.VolumeAttachmentSource": "persistentVolumeName",
    "storage.VolumeError": "errorCode",
    "storage.VolumeNodeResources": "count",
}

# Times and quantities that are values, not pointers: always on the wire, as null or "0". The times
# of every condition are, too.
VALUES: dict[str, str] = {
    "core.ContainerStateRunning": "startedAt",
    "core.ContainerStateTerminated": "finishedAt startedAt",
    "core.Event": "eventTime firstTimestamp lastTimestamp",
    "core.EventSeries": "lastObservedTime",
    "core.ResourceFieldSelector": "divisor",
    "events.Event": "deprecatedFirstTimestamp deprecatedLastTimestamp eventTime",
    "events.EventSeries": "lastObservedTime",
    "authentication.TokenRequestStatus": "expirationTimestamp",
    "storage.VolumeError": "time",
}

# Fields that the documents call optional and Go writes at any value: no omitempty.
ALWAYS: dict[str, str] = {
    "apiextensions.CustomResourceDefinitionStatus": "conditions storedVersions",
    "apps.StatefulSetOrdinals": "start",
    "apps.StatefulSetSpec": "serviceName",
    "apps.StatefulSetStatus": "availableReplicas",
    "authentication.TokenRequestStatus": "token",
    "autoscaling.HorizontalPodAutoscalerStatus": "currentMetrics",
    "batch.PodFailurePolicyOnPodConditionsPattern": "status",
    "core.Event": "reportingComponent reportingInstance",
    "discovery.EndpointSlice": "ports",
    "flowcontrol.FlowSchemaSpec": "matchingPrecedence",
    "flowcontrol.QueuingConfiguration": "handSize queueLengthLimit queues",
    "policy.PodDisruptionBudgetStatus": "currentHealthy desiredHealthy disruptionsAllowed expectedPods",
    "rbac.ClusterRole": "rules",
    "rbac.Role": "rules",
    "rbac.RoleRef": "apiGroup",
    "scheduling.PriorityClass": "value",
}
