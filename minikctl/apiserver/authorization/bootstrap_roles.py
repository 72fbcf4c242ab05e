"""The rules of the roles a cluster starts with, one short text per rule; read by `bootstrap` alone.

A rule is `verbs groups resources [names]` with commas inside each part, or `verbs url paths`. `core`
stands for the group "" and `read`, `write`, `change` and `all` for verbs (see VERBS). The content is
v1.36's (`plugin/pkg/auth/authorizer/rbac/bootstrappolicy`) with its default feature gates.
"""

from __future__ import annotations

VERBS = {
    "read": "get,list,watch",
    "change": "patch,update",
    "write": "create,delete,deletecollection,patch,update",
    "all": "create,delete,deletecollection,get,list,patch,update,watch",
}
EVENTS = "create,patch,update core,events.k8s.io events"

_RBAC = "rbac.authorization.k8s.io"
_STORAGE = "storage.k8s.io"
_CERTIFICATES = "certificates.k8s.io"
_SIGNERS = ("kube-apiserver-client", "kube-apiserver-client-kubelet", "kubelet-serving", "legacy-unknown")
_PODS_IN_USE = "pods/attach,pods/exec,pods/portforward,pods/proxy"
_HEALTH = "/healthz,/livez,/readyz,/version,/version/"
_TOKEN_REVIEW = "create authentication.k8s.io tokenreviews"
_ACCESS_REVIEW = "create authorization.k8s.io subjectaccessreviews"

# Roles whose rules are those of the roles with a label `rbac.authorization.k8s.io/aggregate-to-NAME`.
AGGREGATED = ("view", "edit", "admin")
AGGREGATE_TO = {
    "view": "edit",
    "edit": "admin",
    "system:aggregate-to-admin": "admin",
    "system:aggregate-to-edit": "edit",
    "system:aggregate-to-view": "view",
}

CLUSTER_ROLES: dict[str, tuple[str, ...]] = {
    "cluster-admin": ("* * *", "* url *"),
    "system:aggregate-to-admin": (
        "create authorization.k8s.io localsubjectaccessreviews",
        f"all {_RBAC} rolebindings,roles",
    ),
    "system:aggregate-to-edit": (
        f"read core {_PODS_IN_USE},secrets,services/proxy",
        "impersonate core serviceaccounts",
        f"write core pods,{_PODS_IN_USE}",
        "create core pods/eviction",
        "write core configmaps,events,persistentvolumeclaims,replicationcontrollers,replicationcontrollers/scale,"
        "secrets,serviceaccounts,services,services/proxy",
        "create core serviceaccounts/token",
        "write apps daemonsets,deployments,deployments/rollback,deployments/scale,replicasets,replicasets/scale,"
        "statefulsets,statefulsets/scale",
        "write autoscaling horizontalpodautoscalers",
        "write batch cronjobs,jobs",
        "write extensions daemonsets,deployments,deployments/rollback,deployments/scale,ingresses,networkpolicies,"
        "replicasets,replicasets/scale,replicationcontrollers/scale",
        "write policy poddisruptionbudgets",
        "write networking.k8s.io ingresses,networkpolicies",
        "all coordination.k8s.io leases",
        "write resource.k8s.io resourceclaims,resourceclaimtemplates",
    ),
    "system:aggregate-to-view": (
        "read core configmaps,endpoints,persistentvolumeclaims,persistentvolumeclaims/status,pods,"
        "replicationcontrollers,replicationcontrollers/scale,serviceaccounts,services,services/status",
        "read core bindings,events,limitranges,namespaces/status,pods/log,pods/status,"
        "replicationcontrollers/status,resourcequotas,resourcequotas/status",
        "read core namespaces",
        "read discovery.k8s.io endpointslices",
        "read apps controllerrevisions,daemonsets,daemonsets/status,deployments,deployments/scale,"
        "deployments/status,replicasets,replicasets/scale,replicasets/status,statefulsets,statefulsets/scale,"
        "statefulsets/status",
        "read autoscaling horizontalpodautoscalers,horizontalpodautoscalers/status",
        "read batch cronjobs,cronjobs/status,jobs,jobs/status",
        "read extensions daemonsets,daemonsets/status,deployments,deployments/scale,deployments/status,ingresses,"
        "ingresses/status,networkpolicies,replicasets,replicasets/scale,replicasets/status,"
        "replicationcontrollers/scale",
        "read policy poddisruptionbudgets,poddisruptionbudgets/status",
        "read networking.k8s.io ingresses,ingresses/status,networkpolicies",
        "read resource.k8s.io resourceclaims,resourceclaims/status,resourceclaimtemplates",
    ),
    "system:auth-delegator": (_TOKEN_REVIEW, _ACCESS_REVIEW),
    "system:basic-user": (
        "create authorization.k8s.io selfsubjectaccessreviews,selfsubjectrulesreviews",
        "create authentication.k8s.io selfsubjectreviews",
    ),
    f"system:{_CERTIFICATES}:certificatesigningrequests:nodeclient": (
        f"create {_CERTIFICATES} certificatesigningrequests/nodeclient",
    ),
    f"system:{_CERTIFICATES}:certificatesigningrequests:selfnodeclient": (
        f"create {_CERTIFICATES} certificatesigningrequests/selfnodeclient",
    ),
    **{
        f"system:{_CERTIFICATES}:{name}-approver": (f"approve {_CERTIFICATES} signers kubernetes.io/{name}",)
        for name in _SIGNERS
    },
    "system:discovery": (f"get url /api,/api/*,/apis,/apis/*,/openapi,/openapi/*,{_HEALTH}",),
    "system:heapster": ("read core events,namespaces,nodes,pods", "read extensions deployments"),
    "system:kube-aggregator": ("read core endpoints,services",),
    "system:kube-controller-manager": (
        EVENTS,
        "create coordination.k8s.io leases",
        "get,update coordination.k8s.io leases kube-controller-manager",
        "create core secrets,serviceaccounts",
        "delete core secrets",
        "get core configmaps,namespaces,secrets,serviceaccounts",
        "update core secrets,serviceaccounts",
        _TOKEN_REVIEW,
        _ACCESS_REVIEW,
        "list,watch * *",
        "create core serviceaccounts/token",
    ),
    "system:kube-dns": ("list,watch core endpoints,services",),
    "system:kube-scheduler": (
        EVENTS,
        "create coordination.k8s.io leases",
        "get,list,update,watch coordination.k8s.io leases kube-scheduler",
        "all coordination.k8s.io leasecandidates",
        "read core nodes",
        "delete,get,list,watch core pods",
        "create core bindings,pods/binding",
        "change core pods/status",
        "read core replicationcontrollers,services",
        "read apps,extensions replicasets",
        "read apps statefulsets",
        "read policy poddisruptionbudgets",
        "read core persistentvolumeclaims,persistentvolumes",
        _TOKEN_REVIEW,
        _ACCESS_REVIEW,
        f"read {_STORAGE} csinodes",
        f"read {_STORAGE} volumeattachments",
        "read core namespaces",
        f"read {_STORAGE} csidrivers",
        f"read {_STORAGE} csistoragecapacities",
        "read resource.k8s.io deviceclasses",
        "read,change resource.k8s.io resourceclaims",
        "read,change resource.k8s.io resourceclaims/status",
        "change resource.k8s.io resourceclaims/binding",
        "create,delete resource.k8s.io resourceclaims",
        "read,change core pods/finalizers",
        "read resource.k8s.io resourceslices",
    ),
    "system:kubelet-api-admin": (
        "read core nodes",
        "proxy core nodes",
        "* core nodes/log,nodes/metrics,nodes/proxy,nodes/stats",
        "* core nodes/configz,nodes/healthz,nodes/pods",
    ),
    "system:monitoring": (
        "get url /healthz,/healthz/*,/livez,/livez/*,/metrics,/metrics/slis,/readyz,/readyz/*",
        "get url /flagz",
        "get url /statusz",
    ),
    "system:node": (
        _TOKEN_REVIEW,
        "create authorization.k8s.io localsubjectaccessreviews,subjectaccessreviews",
        "read core services",
        "create,get,list,watch core nodes",
        "change core nodes/status",
        "change core nodes",
        "create,patch,update core events",
        "read core pods",
        "create,delete core pods",
        "change core pods/status",
        "create core pods/eviction",
        "read core configmaps,secrets",
        "get core persistentvolumeclaims,persistentvolumes",
        "get core endpoints",
        f"create,get,list,watch {_CERTIFICATES} certificatesigningrequests",
        "create,delete,get,patch,update coordination.k8s.io leases",
        f"get {_STORAGE} volumeattachments",
        "create core serviceaccounts/token",
        "get,patch,update core persistentvolumeclaims/status",
        f"read {_STORAGE} csidrivers",
        f"create,delete,get,patch,update {_STORAGE} csinodes",
        "read node.k8s.io runtimeclasses",
        "get resource.k8s.io resourceclaims",
        "deletecollection resource.k8s.io resourceslices",
        "get core serviceaccounts",
    ),
    "system:node-bootstrapper": (f"create,get,list,watch {_CERTIFICATES} certificatesigningrequests",),
    "system:node-problem-detector": ("get core nodes", "patch core nodes/status", EVENTS),
    "system:node-proxier": (
        "list,watch core endpoints,services",
        "read core nodes",
        EVENTS,
        "list,watch networking.k8s.io servicecidrs",
        "list,watch discovery.k8s.io endpointslices",
    ),
    "system:persistent-volume-provisioner": (
        "create,delete,get,list,watch core persistentvolumes",
        "get,list,update,watch core persistentvolumeclaims",
        f"read {_STORAGE} storageclasses",
        "watch core events",
        EVENTS,
    ),
    "system:public-info-viewer": (f"get url {_HEALTH}",),
    "system:service-account-issuer-discovery": (
        "get url /.well-known/openid-configuration,/.well-known/openid-configuration/,/openid/v1/jwks,/openid/v1/jwks/",
    ),
    "system:volume-scheduler": (
        "read,change core persistentvolumes",
        f"read {_STORAGE} storageclasses",
        "read,change core persistentvolumeclaims",
    ),
}

# The role system:controller:NAME of each controller, bound to its service account in kube-system.
CONTROLLER_ROLES: dict[str, tuple[str, ...]] = {
    "attachdetach-controller": (
        "list,watch core persistentvolumeclaims,persistentvolumes",
        "read core nodes",
        "change core nodes/status",
        "list,watch core pods",
        EVENTS,
        f"create,delete,get,list,watch {_STORAGE} volumeattachments",
        f"read {_STORAGE} csidrivers",
        f"read {_STORAGE} csinodes",
    ),
    "certificate-controller": (
        f"delete,get,list,watch {_CERTIFICATES} certificatesigningrequests",
        f"update {_CERTIFICATES} certificatesigningrequests/approval,certificatesigningrequests/status",
        f"approve {_CERTIFICATES} signers kubernetes.io/kube-apiserver-client-kubelet",
        f"sign {_CERTIFICATES} signers " + ",".join(f"kubernetes.io/{name}" for name in _SIGNERS),
        _ACCESS_REVIEW,
        EVENTS,
    ),
    "clusterrole-aggregation-controller": (f"escalate,get,list,patch,update,watch {_RBAC} clusterroles",),
    "cronjob-controller": (
        "get,list,update,watch batch cronjobs",
        "create,delete,get,list,patch,update,watch batch jobs",
        "update batch cronjobs/status",
        "update batch cronjobs/finalizers",
        "delete,list,watch core pods",
        EVENTS,
    ),
    "daemon-set-controller": (
        "read apps,extensions daemonsets",
        "update apps,extensions daemonsets/status",
        "update apps,extensions daemonsets/finalizers",
        "list,watch core nodes",
        "create,delete,list,patch,watch core pods",
        "create core pods/binding",
        "create,delete,get,list,patch,update,watch apps controllerrevisions",
        EVENTS,
    ),
    "deployment-controller": (
        "get,list,update,watch apps,extensions deployments",
        "update apps,extensions deployments/status",
        "update apps,extensions deployments/finalizers",
        "create,delete,get,list,patch,update,watch apps,extensions replicasets",
        "get,list,update,watch core pods",
        EVENTS,
    ),
    "device-taint-eviction-controller": (
        "delete,get,list,watch core pods",
        "change core pods/status",
        "read resource.k8s.io resourceclaims",
        "read resource.k8s.io resourceslices",
        "read resource.k8s.io deviceclasses",
        EVENTS,
    ),
    "disruption-controller": (
        "read apps,extensions deployments",
        "read apps,extensions replicasets",
        "read core replicationcontrollers",
        "read policy poddisruptionbudgets",
        "read apps statefulsets",
        "update policy poddisruptionbudgets/status",
        "change core pods/status",
        "get * */scale",
        EVENTS,
    ),
    "endpoint-controller": (
        "read core pods,services",
        "create,delete,get,list,update,watch core endpoints",
        "create core endpoints/restricted",
        EVENTS,
    ),
    "endpointslice-controller": (
        "read core nodes,pods,services",
        "update core services/finalizers",
        "create,delete,get,list,update,watch discovery.k8s.io endpointslices",
        EVENTS,
    ),
    "endpointslicemirroring-controller": (
        "read core endpoints,services",
        "update core services/finalizers",
        "update core endpoints/finalizers",
        "create,delete,get,list,update,watch discovery.k8s.io endpointslices",
        EVENTS,
    ),
    "ephemeral-volume-controller": (
        "read core pods",
        "update core pods/finalizers",
        "create,get,list,watch core persistentvolumeclaims",
        EVENTS,
    ),
    "expand-controller": (
        "read,change core persistentvolumes",
        "change core persistentvolumeclaims/status",
        "read core persistentvolumeclaims",
        EVENTS,
    ),
    "generic-garbage-collector": ("delete,get,list,patch,update,watch * *", EVENTS),
    "horizontal-pod-autoscaler": (
        "read autoscaling horizontalpodautoscalers",
        "update autoscaling horizontalpodautoscalers/status",
        "get,update * */scale",
        "list,watch core pods",
        "list,watch metrics.k8s.io pods",
        "read custom.metrics.k8s.io *",
        "read external.metrics.k8s.io *",
        EVENTS,
    ),
    "job-controller": (
        "read,change batch jobs",
        "update batch jobs/status",
        "update batch jobs/finalizers",
        "create,delete,list,patch,watch core pods",
        EVENTS,
    ),
    "legacy-service-account-token-cleaner": (
        "get core configmaps kube-apiserver-legacy-service-account-token-tracking",
        "delete,patch core secrets",
    ),
    "namespace-controller": (
        "delete,get,list,watch core namespaces",
        "update core namespaces/finalize,namespaces/status",
        "delete,deletecollection,get,list,watch * *",
    ),
    "node-controller": (
        "delete,get,list,patch,update,watch core nodes",
        "change core nodes/status",
        "change core pods/status",
        "delete,get,list,watch core pods",
        EVENTS,
    ),
    "persistent-volume-binder": (
        "create,delete,get,list,update,watch core persistentvolumes",
        "update core persistentvolumes/status",
        "get,list,update,watch core persistentvolumeclaims",
        "update core persistentvolumeclaims/status",
        "create,delete,get,list,watch core pods",
        f"read {_STORAGE} storageclasses",
        "list,watch core nodes",
        EVENTS,
        "watch core events",
    ),
    "pod-garbage-collector": ("delete,list,watch core pods", "read core nodes", "patch core pods/status"),
    "pv-protection-controller": ("get,list,update,watch core persistentvolumes", EVENTS),
    "pvc-protection-controller": (
        "get,list,update,watch core persistentvolumeclaims",
        "update core persistentvolumeclaims/status",
        "read core pods",
        EVENTS,
    ),
    "replicaset-controller": (
        "get,list,update,watch apps,extensions replicasets",
        "update apps,extensions replicasets/status",
        "update apps,extensions replicasets/finalizers",
        "create,delete,list,patch,watch core pods",
        EVENTS,
    ),
    "replication-controller": (
        "get,list,update,watch core replicationcontrollers",
        "update core replicationcontrollers/status",
        "update core replicationcontrollers/finalizers",
        "create,delete,list,patch,watch core pods",
        EVENTS,
    ),
    "resource-claim-controller": (
        "read core pods",
        "update core pods/finalizers",
        "create,delete,get,list,watch resource.k8s.io resourceclaims",
        "change resource.k8s.io resourceclaims,resourceclaims/status",
        "change core pods/status",
        EVENTS,
        "change resource.k8s.io resourceclaims/binding",
    ),
    "resourcequota-controller": ("list,watch * *", "update core resourcequotas/status", EVENTS),
    "root-ca-cert-publisher": ("create,update core configmaps", EVENTS),
    "route-controller": ("list,watch core nodes", "patch core nodes/status", EVENTS),
    "selinux-warning-controller": (
        EVENTS,
        "read core persistentvolumes",
        "read core persistentvolumeclaims",
        "read core pods",
        f"read {_STORAGE} csidrivers",
    ),
    "service-account-controller": ("create core serviceaccounts", EVENTS),
    "service-cidrs-controller": (
        "read,change networking.k8s.io servicecidrs",
        "change networking.k8s.io servicecidrs/finalizers",
        "change networking.k8s.io servicecidrs/status",
        "read networking.k8s.io ipaddresses",
        EVENTS,
    ),
    "service-controller": ("read core services", "change core services/status", "list,watch core nodes", EVENTS),
    "statefulset-controller": (
        "list,watch core pods",
        "read apps statefulsets",
        "update apps statefulsets/status",
        "update apps statefulsets/finalizers",
        "create,delete,get,patch,update core pods",
        "create,delete,get,list,patch,update,watch apps controllerrevisions",
        "create,get,list,watch core persistentvolumeclaims",
        "delete,update core persistentvolumeclaims",
        "update core pods/finalizers",
        EVENTS,
    ),
    "ttl-after-finished-controller": ("delete,get,list,watch batch jobs", EVENTS),
    "ttl-controller": ("list,patch,update,watch core nodes", EVENTS),
    "validatingadmissionpolicy-status-controller": (
        "read admissionregistration.k8s.io validatingadmissionpolicies",
        "get,patch,update admissionregistration.k8s.io validatingadmissionpolicies/status",
        EVENTS,
    ),
    "volumeattributesclass-protection-controller": (
        "read core persistentvolumeclaims",
        "read core persistentvolumes",
        f"get,list,update,watch {_STORAGE} volumeattributesclasses",
        EVENTS,
    ),
}

_LEADER = (
    "create,get,list,update,watch coordination.k8s.io leases",
    "create,get,list,update,watch coordination.k8s.io leasecandidates",
)
# Namespaced roles.
ROLES: dict[tuple[str, str], tuple[str, ...]] = {
    ("kube-public", "system:controller:bootstrap-signer"): (
        "read core configmaps",
        "update core configmaps cluster-info",
        EVENTS,
    ),
    ("kube-system", "extension-apiserver-authentication-reader"): (
        "read core configmaps extension-apiserver-authentication",
    ),
    ("kube-system", "system::leader-locking-kube-controller-manager"): _LEADER,
    ("kube-system", "system::leader-locking-kube-scheduler"): _LEADER,
    ("kube-system", "system:controller:bootstrap-signer"): ("read core secrets",),
    ("kube-system", "system:controller:cloud-provider"): ("create,get,list,watch core configmaps",),
    ("kube-system", "system:controller:token-cleaner"): ("delete,get,list,watch core secrets", EVENTS),
}

# Gate -> the roles of controllers that are there only while it is open.
GATED_CONTROLLER_ROLES: dict[str, dict[str, tuple[str, ...]]] = {
    "StorageVersionAPI": {
        "storage-version-garbage-collector": (
            "get,list,watch coordination.k8s.io leases",
            "delete,get,list,watch internal.apiserver.k8s.io storageversions",
            "patch,update internal.apiserver.k8s.io storageversions/status",
        ),
    },
    "StorageVersionMigrator": {
        "storage-version-migrator-controller": (
            "create,list,patch * *",
            "update storagemigration.k8s.io storageversionmigrations/status",
        ),
    },
}

# Bindings: name of the ClusterRole they give -> subjects ("Kind name", for accounts "ServiceAccount namespace/name").
CLUSTER_ROLE_BINDINGS: dict[str, tuple[str, ...]] = {
    "cluster-admin": ("Group system:masters",),
    "system:basic-user": ("Group system:authenticated",),
    "system:discovery": ("Group system:authenticated",),
    "system:kube-controller-manager": ("User system:kube-controller-manager",),
    "system:kube-dns": ("ServiceAccount kube-system/kube-dns",),
    "system:kube-scheduler": ("User system:kube-scheduler",),
    "system:monitoring": ("Group system:monitoring",),
    "system:node": (),
    "system:node-proxier": ("User system:kube-proxy",),
    "system:public-info-viewer": ("Group system:authenticated", "Group system:unauthenticated"),
    "system:service-account-issuer-discovery": ("Group system:serviceaccounts",),
    "system:volume-scheduler": ("User system:kube-scheduler",),
}

# (namespace, name) -> (name of the Role, subjects).
ROLE_BINDINGS: dict[tuple[str, str], tuple[str, tuple[str, ...]]] = {
    ("kube-public", "system:controller:bootstrap-signer"): (
        "system:controller:bootstrap-signer",
        ("ServiceAccount kube-system/bootstrap-signer",),
    ),
    ("kube-system", "system::extension-apiserver-authentication-reader"): (
        "extension-apiserver-authentication-reader",
        ("User system:kube-controller-manager", "User system:kube-scheduler"),
    ),
    ("kube-system", "system::leader-locking-kube-controller-manager"): (
        "system::leader-locking-kube-controller-manager",
        (
            "User system:kube-controller-manager",
            "ServiceAccount kube-system/kube-controller-manager",
            "ServiceAccount kube-system/leader-election-controller",
        ),
    ),
    ("kube-system", "system::leader-locking-kube-scheduler"): (
        "system::leader-locking-kube-scheduler",
        ("User system:kube-scheduler", "ServiceAccount kube-system/kube-scheduler"),
    ),
    ("kube-system", "system:controller:bootstrap-signer"): (
        "system:controller:bootstrap-signer",
        ("ServiceAccount kube-system/bootstrap-signer",),
    ),
    ("kube-system", "system:controller:cloud-provider"): (
        "system:controller:cloud-provider",
        ("ServiceAccount kube-system/cloud-provider",),
    ),
    ("kube-system", "system:controller:token-cleaner"): (
        "system:controller:token-cleaner",
        ("ServiceAccount kube-system/token-cleaner",),
    ),
}
