"""What each command's arguments and each flag's values are, for completion.

Data only, read by completing. A kind is a resource type, or one of: types, type-or-name, pods-or-types,
containers, contexts, clusters, users, files, directories, none, `words A B`, `only TYPE TYPE`.
"""

from __future__ import annotations

_ANY = ("type-or-name",)
_WORKLOADS = ("only deployment daemonset statefulset",)
_SCALABLE = ("only deployment replicaset replicationcontroller statefulset",)
_TEMPLATED = ("only cronjob daemonset deployment job pod replicaset replicationcontroller statefulset",)

# Path -> the kind of each argument; the last one repeats.
COMMANDS = {
    "annotate": _ANY,
    "api-resources": ("none",),
    "apply/edit-last-applied": _ANY,
    "apply/view-last-applied": _ANY,
    "attach": ("pods-or-types", "none"),
    "auth/can-i": ("words create delete deletecollection get list patch update watch", "types", "none"),
    "autoscale": _SCALABLE,
    "certificate/approve": ("certificatesigningrequests",),
    "certificate/deny": ("certificatesigningrequests",),
    "cluster/delete": ("clusters", "none"),
    "cluster/scheduler-config": ("files", "none"),
    "cluster/use": ("clusters", "none"),
    "completion": ("words bash fish powershell zsh", "none"),
    "config/delete-cluster": ("clusters", "none"),
    "config/delete-context": ("contexts", "none"),
    "config/delete-user": ("users", "none"),
    "config/get-contexts": ("contexts",),
    "config/rename-context": ("contexts", "none"),
    "config/set-cluster": ("clusters", "none"),
    "config/set-context": ("contexts", "none"),
    "config/set-credentials": ("users", "none"),
    "config/use-context": ("contexts", "none"),
    "cordon": ("nodes",),
    "create/token": ("serviceaccounts", "none"),
    "debug": ("type-or-name", "none"),
    "delete": _ANY,
    "describe": _ANY,
    "drain": ("nodes",),
    "edit": _ANY,
    "exec": ("pods-or-types", "none"),
    "explain": ("types", "none"),
    "explain-scheduling": ("pods",),
    "expose": ("only deployment pod replicaset replicationcontroller service",),
    "get": _ANY,
    "kustomize": ("directories", "none"),
    "label": _ANY,
    "logs": ("pods-or-types", "containers", "none"),
    "node/configure": ("nodes",),
    "node/fail": ("nodes",),
    "node/recover": ("nodes",),
    "node/remove": ("nodes",),
    "node/start": ("nodes",),
    "node/stop": ("nodes",),
    "patch": _ANY,
    "port-forward": ("pods-or-types", "none"),
    "rollout/history": _WORKLOADS,
    "rollout/pause": ("only deployment",),
    "rollout/restart": _WORKLOADS,
    "rollout/resume": ("only deployment",),
    "rollout/status": _WORKLOADS,
    "rollout/undo": _WORKLOADS,
    "scale": _SCALABLE,
    "set/env": _TEMPLATED,
    "set/image": _TEMPLATED,
    "set/resources": _TEMPLATED,
    "set/selector": ("only service",),
    "set/serviceaccount": _TEMPLATED,
    "set/subject": ("only clusterrolebinding rolebinding",),
    "taint": ("words node", "nodes"),
    "top/node": ("nodes", "none"),
    "top/pod": ("pods", "none"),
    "uncordon": ("nodes",),
    "wait": _ANY,
}

# Flags whose values come from the cluster or the kubeconfig.
FLAGS = {
    "cluster": "clusters",
    "container": "containers",
    "context": "contexts",
    "namespace": "namespaces",
    "user": "users",
}

# Flags with a fixed set of values.
CHOICES = {
    "cascade": ("background", "foreground", "orphan"),
    "concurrency-policy": ("Allow", "Forbid", "Replace"),
    "dry-run": ("client", "none", "server"),
    "latency": ("none", "realistic"),
    "mode": ("cut-off", "disk-pressure", "down", "memory-pressure", "not-ready", "pid-pressure", "slow-pulls"),
    "image-pull-policy": ("Always", "IfNotPresent", "Never"),
    "protocol": ("SCTP", "TCP", "UDP"),
    "restart": ("Always", "Never", "OnFailure"),
    "subresource": ("resize", "scale", "status"),
    "type": ("json", "merge", "strategic"),
    "validate": ("ignore", "strict", "warn"),
}
