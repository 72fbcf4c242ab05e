"""What each command's arguments and each flag's values are, for completion.

Data only, read by completing: where kubectl completes something, the same is completed here. A kind is a resource
type, or one of: types, type-or-name, pods-or-types, pod-files, containers, contexts, clusters, users, files, none,
`words A B`, `only TYPE TYPE` (names after the type), `once TYPE TYPE` (one name only).
"""

from __future__ import annotations

_ANY = ("type-or-name",)
_WORKLOADS = ("only deployment daemonset statefulset",)
_SCALABLE = ("only deployment replicaset replicationcontroller statefulset",)
# What has pods to talk to, behind the names of pods.
POD_OWNERS = (
    "daemonsets", "deployments", "pods", "jobs", "replicasets", "replicationcontrollers", "services", "statefulsets",
)  # fmt: skip

# Path -> the kind of each argument; the last one repeats.
COMMANDS = {
    "annotate": _ANY,
    "apply/edit-last-applied": _ANY,
    "apply/view-last-applied": _ANY,
    "attach": ("pods-or-types", "none"),
    "autoscale": _SCALABLE,
    "cluster/delete": ("clusters", "none"),
    "cluster/scheduler-config": ("files", "none"),
    "cluster/use": ("clusters", "none"),
    "completion": ("words zsh fish powershell bash", "files"),
    "config/delete-cluster": ("clusters", "none"),
    "config/delete-context": ("contexts", "none"),
    "config/delete-user": ("users", "none"),
    "config/rename-context": ("contexts", "none"),
    "config/set-context": ("contexts", "none"),
    "config/use-context": ("contexts", "none"),
    "cordon": ("nodes", "none"),
    "cp": ("pod-files",),
    "create/token": ("serviceaccounts", "none"),
    "debug": _ANY,
    "delete": _ANY,
    "describe": _ANY,
    "drain": ("nodes", "none"),
    "edit": _ANY,
    "exec": ("pods-or-types", "none"),
    "explain-scheduling": ("pods",),
    "expose": ("once pod service replicationcontroller deployment replicaset",),
    "get": _ANY,
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
    "set/image": ("once daemonsets deployments pods cronjobs replicasets replicationcontrollers statefulsets",),
    "taint": ("words node", "nodes"),
    "top/node": ("nodes", "none"),
    "top/pod": ("pods", "none"),
    "uncordon": ("nodes", "none"),
}

# Flags whose values come from the cluster or the kubeconfig: those of every command, and `COMMAND FLAG`.
FLAGS = {
    "cluster": "clusters",
    "config/set-context namespace": "namespaces",
    "context": "contexts",
    "create/clusterrolebinding clusterrole": "clusterroles",
    "exec container": "containers",
    "namespace": "namespaces",
    "user": "users",
}

# Flags with a fixed set of values.
_SUBRESOURCES = ("status", "scale", "resize")
_MODES = ("cut-off", "disk-pressure", "down", "memory-pressure", "not-ready", "pid-pressure", "slow-pulls")
CHOICES = {
    "apply subresource": _SUBRESOURCES,
    "cluster/create latency": ("none", "realistic"),
    "edit subresource": _SUBRESOURCES,
    "get subresource": _SUBRESOURCES,
    "kustomize load-restrictor": ("LoadRestrictionsNone", "LoadRestrictionsRootOnly"),
    "node/fail mode": _MODES,
    "patch subresource": _SUBRESOURCES,
    "replace subresource": _SUBRESOURCES,
}
