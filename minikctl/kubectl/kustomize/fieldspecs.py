"""Field specs: which fields of which kinds a transformer touches, kustomize's defaults, and walking to them.

Used by every transformer. Upstream counterparts: `builtinpluginconsts` and the fieldspec filter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from minikctl.kubectl.kustomize.nodes import EMPTY, is_null
from minikctl.kubectl.kustomize.problem import KustomizeError
from minikctl.kubectl.kustomize.resource import Gvk, Node, Resource

MAPPING, SCALAR = "mapping", "scalar"

Setter = Callable[[Any, Any], None]


class FieldSpec(NamedTuple):
    """A path ("spec/template/spec") in the kinds that `gvk` selects."""

    path: str
    gvk: Gvk = Gvk()
    create: bool = False


class Referral(NamedTuple):
    """Kinds whose names other objects hold in these fields."""

    target: Gvk
    referrers: tuple[FieldSpec, ...]


def _specs(create: bool, *rows: tuple[str, str]) -> tuple[FieldSpec, ...]:
    """Rows of (path, "Kind" or "Kind.group" or "Kind.v1.")."""
    return tuple(FieldSpec(path, _gvk(kind), create) for path, kind in rows)


def _gvk(kind: str) -> Gvk:
    name, _, group = kind.partition(".")
    return Gvk("", "v1", name) if group == "v1." else Gvk(group, "", name)


_TEMPLATED = ("Deployment", "ReplicaSet", "DaemonSet", "StatefulSet", "Job")
_JOB_TEMPLATE = "spec/jobTemplate/spec/template/spec"


def _pods(extra: Iterable[str] = ()) -> tuple[tuple[str, str], ...]:
    """(path of the pod spec, kind) of everything with pods, as most default specs list them."""
    rows = [("spec", "Pod.v1."), ("template/spec", "PodTemplate")]
    rows += [("spec/template/spec", kind) for kind in (*_TEMPLATED, *extra)]
    return (*rows, (_JOB_TEMPLATE, "CronJob"))


def _in_pods(*paths: str) -> tuple[FieldSpec, ...]:
    return _specs(False, *((f"{root}/{path}", kind) for root, kind in _pods() for path in paths))


# Claims, service accounts and priority classes are looked for in fewer kinds.
_USERS = (
    ("spec", "Pod"),
    *(("spec/template/spec", kind) for kind in ("StatefulSet", "Deployment", "ReplicationController")),
    (_JOB_TEMPLATE, "CronJob"),
    *(("spec/template/spec", kind) for kind in ("Job", "DaemonSet")),
)


def _in_users(path: str) -> tuple[FieldSpec, ...]:
    return _specs(False, *((f"{root}/{path}", kind) for root, kind in _USERS))


_RBAC = "rbac.authorization.k8s.io"
_ADMISSION = "admissionregistration.k8s.io"
_INGRESS_ANNOTATIONS = r"metadata/annotations/nginx.ingress.kubernetes.io\/"
_SCALABLE = ("Deployment", "StatefulSet", "ReplicaSet", "ReplicationController")
_SCALED = _specs(False, ("spec/scaleTargetRef/name", "HorizontalPodAutoscaler"))


def name_references() -> tuple[Referral, ...]:
    """kustomize's default name references."""
    return (
        *(Referral(Gvk(kind=kind), _SCALED) for kind in _SCALABLE),
        Referral(Gvk("", "v1", "ConfigMap"), _configmap_users()),
        Referral(Gvk("", "v1", "Secret"), _secret_users()),
        Referral(Gvk("", "v1", "Service"), _service_users()),
        Referral(Gvk(_RBAC, "", "Role"), _specs(False, ("roleRef/name", f"RoleBinding.{_RBAC}"))),
        Referral(Gvk(_RBAC, "", "ClusterRole"), _specs(
            False, ("roleRef/name", f"RoleBinding.{_RBAC}"), ("roleRef/name", f"ClusterRoleBinding.{_RBAC}"),
        )),
        Referral(Gvk("", "v1", "ServiceAccount"), (
            *_specs(False, ("subjects", f"RoleBinding.{_RBAC}"), ("subjects", f"ClusterRoleBinding.{_RBAC}")),
            *_in_users("serviceAccountName"),
        )),
        Referral(Gvk("", "v1", "PersistentVolumeClaim"), _in_users("volumes/persistentVolumeClaim/claimName")),
        Referral(Gvk("", "v1", "PersistentVolume"), _specs(
            False, ("spec/volumeName", "PersistentVolumeClaim"), ("rules/resourceNames", "ClusterRole"),
        )),
        Referral(Gvk("storage.k8s.io", "v1", "StorageClass"), _specs(
            False,
            ("spec/storageClassName", "PersistentVolume"),
            ("spec/storageClassName", "PersistentVolumeClaim"),
            ("spec/volumeClaimTemplates/spec/storageClassName", "StatefulSet"),
        )),
        Referral(Gvk("scheduling.k8s.io", "v1", "PriorityClass"), _in_users("priorityClassName")),
    )  # fmt: skip


_ROLES = (("rules/resourceNames", "Role"), ("rules/resourceNames", "ClusterRole"))


def _configmap_users() -> tuple[FieldSpec, ...]:
    return (
        *_in_pods(
            "volumes/configMap/name", "containers/env/valueFrom/configMapKeyRef/name",
            "initContainers/env/valueFrom/configMapKeyRef/name", "containers/envFrom/configMapRef/name",
            "initContainers/envFrom/configMapRef/name", "volumes/projected/sources/configMap/name",
        ),
        *_specs(
            False, ("spec/configSource/configMap", "Node"), *_ROLES,
            (f"{_INGRESS_ANNOTATIONS}fastcgi-params-configmap", "Ingress"),
        ),
    )  # fmt: skip


def _secret_users() -> tuple[FieldSpec, ...]:
    return (
        *_in_pods(
            "volumes/secret/secretName", "containers/env/valueFrom/secretKeyRef/name",
            "initContainers/env/valueFrom/secretKeyRef/name", "containers/envFrom/secretRef/name",
            "initContainers/envFrom/secretRef/name", "imagePullSecrets/name", "volumes/projected/sources/secret/name",
        ),
        *_specs(
            False,
            ("spec/tls/secretName", "Ingress"),
            (r"metadata/annotations/ingress.kubernetes.io\/auth-secret", "Ingress"),
            (f"{_INGRESS_ANNOTATIONS}auth-secret", "Ingress"),
            (f"{_INGRESS_ANNOTATIONS}auth-tls-secret", "Ingress"),
            ("imagePullSecrets/name", "ServiceAccount"),
            *((f"parameters/{field}", "StorageClass") for field in (
                "secretName", "adminSecretName", "userSecretName", "secretRef",
            )),
            *_ROLES,
            ("spec/azureFile/secretName", "PersistentVolume"),
        ),
        FieldSpec(
            "spec/template/spec/containers/env/valueFrom/secretKeyRef/name",
            Gvk("serving.knative.dev", "v1", "Service"),
        ),
    )  # fmt: skip


def _service_users() -> tuple[FieldSpec, ...]:
    return _specs(
        False,
        ("spec/serviceName", "StatefulSet.apps"),
        ("spec/rules/http/paths/backend/serviceName", "Ingress"),
        ("spec/backend/serviceName", "Ingress"),
        ("spec/rules/http/paths/backend/service/name", "Ingress"),
        ("spec/defaultBackend/service/name", "Ingress"),
        ("spec/service/name", "APIService.apiregistration.k8s.io"),
        ("webhooks/clientConfig/service", f"ValidatingWebhookConfiguration.{_ADMISSION}"),
        ("webhooks/clientConfig/service", f"MutatingWebhookConfiguration.{_ADMISSION}"),
    )


NAME = (FieldSpec("metadata/name"),)
NAMESPACE = (
    FieldSpec("metadata/namespace", Gvk(), True),
    FieldSpec("metadata/name", Gvk(kind="Namespace"), True),
    FieldSpec("subjects", Gvk(kind="RoleBinding")),
    FieldSpec("subjects", Gvk(kind="ClusterRoleBinding")),
    FieldSpec("spec/service/namespace", Gvk("apiregistration.k8s.io", "", "APIService"), True),
    FieldSpec(
        "spec/conversion/webhook/clientConfig/service/namespace",
        Gvk("apiextensions.k8s.io", "", "CustomResourceDefinition"),
    ),
)  # fmt: skip
METADATA_LABELS = _specs(
    True,
    ("metadata/labels", ""),
    ("spec/template/metadata/labels", "ReplicationController.v1."),
    ("spec/template/metadata/labels", "Deployment"),
    ("spec/template/metadata/labels", "ReplicaSet"),
    ("spec/template/metadata/labels", "DaemonSet"),
    ("spec/template/metadata/labels", "StatefulSet.apps"),
    ("spec/template/metadata/labels", "Job.batch"),
    ("spec/jobTemplate/metadata/labels", "CronJob.batch"),
    ("spec/jobTemplate/spec/template/metadata/labels", "CronJob.batch"),
)
TEMPLATE_LABELS = METADATA_LABELS
CLAIM_LABELS = _specs(True, ("spec/volumeClaimTemplates[]/metadata/labels", "StatefulSet.apps"))
_AFFINITY = tuple(
    f"spec/template/spec/affinity/{affinity}/{term}/labelSelector/matchLabels"
    for affinity in ("podAffinity", "podAntiAffinity")
    for term in (
        "preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm",
        "requiredDuringSchedulingIgnoredDuringExecution",
    )
)
COMMON_LABELS = (
    *_specs(
        True,
        ("spec/selector", "Service.v1."),
        ("spec/selector", "ReplicationController.v1."),
        ("spec/selector/matchLabels", "Deployment"),
        ("spec/selector/matchLabels", "ReplicaSet"),
        ("spec/selector/matchLabels", "DaemonSet"),
        ("spec/selector/matchLabels", "StatefulSet.apps"),
    ),
    *_specs(
        False,
        *((path, kind) for kind in ("Deployment.apps", "StatefulSet.apps") for path in _AFFINITY),
        *(
            ("spec/template/spec/topologySpreadConstraints/labelSelector/matchLabels", kind)
            for kind in ("Deployment.apps", "StatefulSet.apps")
        ),
        ("spec/selector/matchLabels", "Job.batch"),
        ("spec/jobTemplate/spec/selector/matchLabels", "CronJob.batch"),
        ("spec/selector/matchLabels", "PodDisruptionBudget.policy"),
        ("spec/podSelector/matchLabels", "NetworkPolicy.networking.k8s.io"),
        ("spec/ingress/from/podSelector/matchLabels", "NetworkPolicy.networking.k8s.io"),
        ("spec/egress/to/podSelector/matchLabels", "NetworkPolicy.networking.k8s.io"),
    ),
    *METADATA_LABELS,
    *CLAIM_LABELS,
)
COMMON_ANNOTATIONS = _specs(
    True,
    ("metadata/annotations", ""),
    ("spec/template/metadata/annotations", "ReplicationController.v1."),
    ("spec/template/metadata/annotations", "Deployment"),
    ("spec/template/metadata/annotations", "ReplicaSet"),
    ("spec/template/metadata/annotations", "DaemonSet"),
    ("spec/template/metadata/annotations", "StatefulSet"),
    ("spec/template/metadata/annotations", "Job.batch"),
    ("spec/jobTemplate/metadata/annotations", "CronJob.batch"),
    ("spec/jobTemplate/spec/template/metadata/annotations", "CronJob.batch"),
)
IMAGES = _specs(
    True,
    *(
        (f"{root}/{field}[]/image", "")
        for root in ("spec", "spec/template/spec")
        for field in ("containers", "initContainers")
    ),
)  # fmt: skip
REPLICAS = _specs(True, *(("spec/replicas", kind) for kind in _SCALABLE))


def var_references() -> tuple[FieldSpec, ...]:
    """Where $(VAR) is replaced by default."""
    inside = tuple(
        f"{group}/{field}"
        for group in ("containers", "initContainers")
        for field in ("args", "command", "env/value", "volumeMounts/mountPath")
    )
    roots = (("spec", "Pod"), (_JOB_TEMPLATE, "CronJob"), *(("spec/template/spec", kind) for kind in _TEMPLATED))
    return _specs(
        False,
        *((f"{root}/{path}", kind) for root, kind in roots for path in inside),
        *((f"{root}/volumes/nfs/server", kind) for root, kind in roots if kind not in ("CronJob", "StatefulSet")),
        ("spec/jobTemplate/spec/template/volumes/nfs/server", "CronJob"),
        ("spec/volumeClaimTemplates/spec/nfs/server", "StatefulSet"),
        ("spec/nfs/server", "PersistentVolume"),
        ("spec/template/metadata/annotations", "Deployment"),
        ("spec/rules/host", "Ingress"),
        ("spec/tls/hosts", "Ingress"),
        ("spec/tls/secretName", "Ingress"),
        ("spec/ports/port", "Service"),
        ("spec/ports/targetPort", "Service"),
        ("metadata/labels", ""),
        ("metadata/annotations", ""),
    )


def merge(*groups: Iterable[FieldSpec]) -> tuple[FieldSpec, ...]:
    """Several lists as one, each field once; disagreement about `create` is refused."""
    result: list[FieldSpec] = []
    for spec in (spec for group in groups for spec in group):
        same = next((old for old in result if old.path == spec.path and old.gvk == spec.gvk), None)
        if same is None:
            result.append(spec)
        elif same.create != spec.create:
            raise KustomizeError("conflicting fieldspecs")
    return tuple(result)


def split_path(path: str, separator: str = "/") -> list[str]:
    """The parts of a path; the separator may be escaped with a backslash."""
    if "\\" not in path:
        return path.split(separator)
    parts = path.replace(f"\\{separator}", "\0").split(separator)
    return [part.replace("\0", separator) for part in parts]


def apply(resource: Resource, spec: FieldSpec, setter: Setter, create: str = "") -> None:
    """Call `setter(container, key)` for every field the spec leads to; `create` says what to make of a missing one."""
    if not resource.gvk.selected(spec.gvk):
        return
    path = split_path(spec.path)
    try:
        _in_mapping(resource.node, path, spec.create, create, setter)
    except KustomizeError as error:
        raise KustomizeError(f"considering field '{spec.path}' of object {resource.id}: {error}") from None


def _descend(container: Any, key: Any, path: list[str], creating: bool, create: str, setter: Setter) -> None:
    value = container[key]
    if not path:
        setter(container, key)
    elif is_null(value):
        return
    elif isinstance(value, list):
        try:
            for index in range(len(value)):
                _descend(value, index, path, creating, create, setter)
        except KustomizeError as error:
            raise KustomizeError(f"visit traversal on path: [{' '.join(path)}]: {error}") from None
    elif isinstance(value, dict):
        _in_mapping(value, path, creating, create, setter)
    else:
        raise KustomizeError("expected sequence or mapping node")


def _in_mapping(node: Node, path: list[str], creating: bool, create: str, setter: Setter) -> None:
    name = path[0].removesuffix("[]")
    sequence = name != path[0]
    if not name:
        raise KustomizeError("cannot set or create an empty field name")
    made: Any = None
    if sequence:
        made = []
    elif creating and create:
        made = {} if len(path) > 1 or create == MAPPING else EMPTY
    if name not in node:
        if sequence or not (creating and create):
            return
        node[name] = made
    elif is_null(node[name]) and made is not None:
        node[name] = made
    _descend(node, name, path[1:], creating, create, setter)
