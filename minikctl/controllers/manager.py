"""kube-controller-manager's start: every controller, its user and what wakes it, in a fixed order.

Called by the cluster when something is pending. A controller's module is imported when its first
key is synced; until then only the light mappers are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from minikctl.client.component import Mapper
from minikctl.controllers import watches as w

if TYPE_CHECKING:
    from minikctl.client.component import Component, Env
    from minikctl.controllers.controller import Controller

    EnvFor = Callable[[str, str], Env]


class Row(NamedTuple):
    """One controller: its service account, where it is, what it watches, who speaks in its events.

    Several rows may share an account; the queue is named after the target then.
    """

    account: str
    target: str
    watches: Callable[[Callable[[], Env]], Mapping[str, Mapper]]
    source: str = ""
    queue: str = ""


_ACCOUNTS = "system:serviceaccount:kube-system:"
_SLICES = "endpoint-slice-controller"
_BINDER = "persistentvolume-controller"
_MIRRORING = "endpointslice.mirroring:EndpointSliceMirroringController"
_POLICIES = "admissionpolicies:ValidatingAdmissionPolicyStatusController"
_CSR = "certificates.controllers:CSR"
_VERSIONS = "storageversions:StorageVersion"
_TAINTS = "taint-eviction-controller"
_EPHEMERAL = "ephemeral_volume"
_CRDS = "customresources:CustomResourceFinalizer"
_API_SERVICES = "servedapis:APIServiceController"
_AVAILABILITY = "servedapis:AvailabilityController"
_FLOW_CONTROL = "servedapis:FlowControlController"
_KUBERNETES = "servedapis:KubernetesServiceController"
_EMULATED = "minikctl.dev/emulated"

CONTROLLERS: tuple[Row, ...] = (
    Row("namespace-controller", "namespace:NamespaceController", w.namespace),
    Row("service-account-controller", "serviceaccounts:ServiceAccountsController", w.service_account),
    Row("root-ca-cert-publisher", "serviceaccounts:RootCAPublisher", w.root_ca),
    Row("deployment-controller", "deployment.controller:DeploymentController", w.deployment),
    Row("replicaset-controller", "replicaset:ReplicaSetController", w.replicaset),
    Row("replication-controller", "replicaset:ReplicationController", w.replication_controller),
    Row("statefulset-controller", "statefulset.controller:StatefulSetController", w.statefulset),
    Row("daemon-set-controller", "daemonset.controller:DaemonSetController", w.daemonset, "daemonset-controller"),
    Row("cronjob-controller", "cronjob:CronJobController", w.cron_job),
    Row("job-controller", "job.controller:JobController", w.job),
    Row("endpoint-controller", "endpoints:EndpointsController", w.endpoints),
    Row("endpointslice-controller", "endpointslice.controller:EndpointSliceController", w.endpoint_slices, _SLICES),
    Row("persistent-volume-binder", "volume.binder:PersistentVolumeController", w.persistent_volumes, _BINDER),
    Row("endpointslicemirroring-controller", _MIRRORING, w.mirroring, "endpoint-slice-mirroring-controller"),
    Row("expand-controller", "volume.provisioning:ExpandController", w.expansion, "volume_expand"),
    Row("persistent-volume-binder", "volume.provisioning:EmulatedProvisioner", w.provisioner, _EMULATED, "provisioner"),
    Row("pvc-protection-controller", "volume.protection:ClaimProtection", w.claim_protection),
    Row("pv-protection-controller", "volume.protection:VolumeProtection", w.volume_protection),
    Row("ephemeral-volume-controller", "volume.ephemeral:EphemeralVolumeController", w.ephemeral_volumes, _EPHEMERAL),
    Row("node-controller", "node.lifecycle:NodeLifecycleController", w.node_lifecycle),
    Row("node-controller", "node.evictions:TaintEvictionController", w.taint_eviction, _TAINTS, _TAINTS),
    Row("node-controller", "node.ipam:NodeIPAMController", w.node_ipam, "cidrAllocator", "node-ipam-controller"),
    Row("ttl-controller", "node.ttl:TTLController", w.node_ttl),
    Row("pod-garbage-collector", "node.podgc:PodGarbageCollector", w.pod_garbage),
    Row("ttl-after-finished-controller", "ttlafterfinished:TTLAfterFinishedController", w.ttl_after_finished),
    Row("horizontal-pod-autoscaler", "hpa.controller:HorizontalPodAutoscaler", w.autoscaler),
    Row("disruption-controller", "disruption:DisruptionController", w.disruption, "controllermanager"),
    Row("resourcequota-controller", "resourcequota:ResourceQuotaController", w.resource_quota),
    Row("clusterrole-aggregation-controller", "aggregation:ClusterRoleAggregationController", w.role_aggregation),
    Row("tokens-controller", "tokens:TokensController", w.tokens),
    Row("bootstrap-signer", "bootstraptokens:BootstrapSigner", w.bootstrap_signer),
    Row("token-cleaner", "bootstraptokens:TokenCleaner", w.bootstrap_tokens),
    Row("certificate-controller", _CSR + "ApprovingController", w.csr, "", "csrapproving"),
    Row("certificate-controller", _CSR + "SigningController", w.csr, "", "csrsigning"),
    Row("certificate-controller", _CSR + "Cleaner", w.csr, "", "csrcleaner"),
    Row("service-cidrs-controller", "servicecidrs:ServiceCIDRController", w.service_cidrs),
    Row("attachdetach-controller", "volume.attachment:AttachDetachController", w.attachment),
    Row("system:apiserver", "volume.attacher:EmulatedAttacher", w.attacher, _EMULATED, "attacher"),
    Row("validatingadmissionpolicy-status-controller", _POLICIES, w.admission_policies),
    Row("resource-claim-controller", "resourceclaims:ResourceClaimController", w.resource_claims, "resource_claim"),
    Row("storage-version-garbage-collector", _VERSIONS + "GarbageCollector", w.storage_versions),
    Row("storage-version-migrator-controller", _VERSIONS + "Migrator", w.storage_migrations),
    Row("system:apiserver", _CRDS, w.custom_resources, "kube-apiserver", "crd-finalizer"),
    Row("system:apiserver", _API_SERVICES, w.api_services, "kube-apiserver", "autoregister"),
    Row("system:apiserver", _AVAILABILITY, w.availability, "kube-apiserver", "api-availability"),
    Row("system:apiserver", _KUBERNETES, w.kubernetes_service, "kube-apiserver", "kubernetes-service"),
    Row("system:apiserver", _FLOW_CONTROL, w.flow_control, "kube-apiserver", "flow-control"),
    Row("generic-garbage-collector", "garbagecollector:GarbageCollector", w.garbage, "garbage-collector-controller"),
)  # fmt: skip


class LazyController:
    """A Component whose controller is imported and made with its first key."""

    def __init__(self, row: Row, env_for: EnvFor) -> None:
        self.name = row.queue or row.account
        self._row = row
        self._env_for = env_for
        self._env: Env | None = None
        self._controller: Controller | None = None
        self.watches: Mapping[str, Mapper] = row.watches(self._environment)

    def sync(self, key: str) -> float | None:
        """As in Component."""
        if self._controller is None:
            self._controller = self._load()
        return self._controller.sync(key)

    def _environment(self) -> Env:
        if self._env is None:
            user = self._row.account
            if user == "tokens-controller":
                # The one that makes the accounts' tokens has none itself.
                user = "system:kube-controller-manager"
            elif not user.startswith("system:"):
                user = _ACCOUNTS + user
            self._env = self._env_for(user, self._row.source or self._row.account)
        return self._env

    def _load(self) -> Controller:
        from importlib import import_module

        module, _, name = self._row.target.partition(":")
        kind = getattr(import_module(f"minikctl.controllers.{module}"), name)
        controller: Controller = kind(self._environment())
        return controller


def components(env_for: EnvFor) -> list[Component]:
    """Every controller, in the order in which they are asked to sync. `env_for(user, event source)` makes an Env."""
    return [LazyController(row, env_for) for row in CONTROLLERS]
