"""The command tree as data: where each command lives, its one-line help, group and aliases.

A row is (path, target, short help, help group, aliases, usage). `target` is MODULE[:ATTRIBUTE] under
kubectl/cmd (the attribute defaults to COMMAND); without one the command only has subcommands and
its usage line stands here. Nothing is imported until a command runs.
"""

# ruff: noqa: E501 (one row per command reads better than wrapped rows)
from __future__ import annotations

GROUPS = (
    ("beginner", "Basic Commands (Beginner):"),
    ("intermediate", "Basic Commands (Intermediate):"),
    ("deploy", "Deploy Commands:"),
    ("cluster", "Cluster Management Commands:"),
    ("debug", "Troubleshooting and Debugging Commands:"),
    ("advanced", "Advanced Commands:"),
    ("settings", "Settings Commands:"),
    ("plugins", "Subcommands provided by plugins:"),
    ("other", "Other Commands:"),
    ("minikctl", "Commands of minikctl's Own:"),
)

# fmt: off
ROWS = (
    ("create", "create", "Create a resource from a file or from standard input", "beginner", "", ""),
    ("create clusterrole", "create_rbac:CLUSTERROLE", "Create a cluster role", "", "", ""),
    ("create clusterrolebinding", "create_rbac:CLUSTERROLEBINDING", "Create a cluster role binding", "", "", ""),
    ("create configmap", "create_configmap:CONFIGMAP", "Create a config map from a file, directory or literal value", "", "cm", ""),
    ("create cronjob", "create_workload:CRONJOB", "Create a cron job", "", "cj", ""),
    ("create deployment", "create_workload:DEPLOYMENT", "Create a deployment", "", "deploy", ""),
    ("create ingress", "create_ingress:INGRESS", "Create an ingress", "", "ing", ""),
    ("create job", "create_workload:JOB", "Create a job", "", "", ""),
    ("create namespace", "create_basic:NAMESPACE", "Create a namespace", "", "ns", ""),
    ("create poddisruptionbudget", "create_basic:PODDISRUPTIONBUDGET", "Create a pod disruption budget", "", "pdb", ""),
    ("create priorityclass", "create_basic:PRIORITYCLASS", "Create a priority class", "", "pc", ""),
    ("create quota", "create_basic:QUOTA", "Create a resource quota", "", "resourcequota", ""),
    ("create role", "create_rbac:ROLE", "Create a role of one rule", "", "", ""),
    ("create rolebinding", "create_rbac:ROLEBINDING", "Create a role binding", "", "", ""),
    ("create secret", "", "Create a secret of the given kind", "", "", "create secret (docker-registry | generic | tls)"),
    ("create secret docker-registry", "create_secret:DOCKER_REGISTRY", "Create a secret for an image registry", "", "", ""),
    ("create secret generic", "create_secret:GENERIC", "Create a secret from a file, directory or literal value", "", "", ""),
    ("create secret tls", "create_secret:TLS", "Create a TLS secret", "", "", ""),
    ("create service", "", "Create a service of the given kind", "", "svc", "create service [flags]"),
    ("create service clusterip", "create_service:CLUSTERIP", "Create a ClusterIP service", "", "", ""),
    ("create service externalname", "create_service:EXTERNALNAME", "Create an ExternalName service", "", "", ""),
    ("create service loadbalancer", "create_service:LOADBALANCER", "Create a LoadBalancer service", "", "", ""),
    ("create service nodeport", "create_service:NODEPORT", "Create a NodePort service", "", "", ""),
    ("create serviceaccount", "create_basic:SERVICEACCOUNT", "Create a service account", "", "sa", ""),
    ("create token", "create_token:TOKEN", "Request a token of a service account", "", "", ""),
    ("expose", "expose", "Put a Service in front of a replication controller, service, deployment or pod", "beginner", "", ""),
    ("run", "run", "Run an image in a pod", "beginner", "", ""),
    ("set", "", "Set single features of objects", "beginner", "", "set SUBCOMMAND"),
    ("set env", "set_env", "Update environment variables of a pod template", "", "", ""),
    ("set image", "set_image", "Update the image of a pod template", "", "", ""),
    ("set resources", "set_resources", "Update resource requests and limits of a pod template", "", "", ""),
    ("set selector", "set_selector", "Set the selector of a resource", "", "", ""),
    ("set serviceaccount", "set_serviceaccount", "Update the service account of a resource", "", "sa", ""),
    ("set subject", "set_subject", "Update the subjects of a binding", "", "", ""),
    ("explain", "explain", "Show the documentation of a resource", "intermediate", "", ""),
    ("get", "get", "Show one or many resources", "intermediate", "", ""),
    ("edit", "edit", "Edit a resource in an editor", "intermediate", "", ""),
    ("delete", "delete", "Delete resources by file, standard input, name, or label selector", "intermediate", "", ""),
    ("rollout", "", "Manage the rollout of a resource", "deploy", "", "rollout SUBCOMMAND"),
    ("rollout history", "rollout_history", "Show the rollout history", "", "", ""),
    ("rollout pause", "rollout_pause", "Pause the resource", "", "", ""),
    ("rollout restart", "rollout_restart", "Restart the resource", "", "", ""),
    ("rollout resume", "rollout_resume", "Resume a paused resource", "", "", ""),
    ("rollout status", "rollout_status", "Show the status of the rollout", "", "", ""),
    ("rollout undo", "rollout_undo", "Undo an earlier rollout", "", "", ""),
    ("scale", "scale", "Set a new size for a deployment, replica set, or replication controller", "deploy", "", ""),
    ("autoscale", "autoscale", "Scale a deployment, replica set, stateful set, or replication controller automatically", "deploy", "", ""),
    ("certificate", "", "Modify certificate resources", "cluster", "", "certificate SUBCOMMAND"),
    ("certificate approve", "certificate_approve", "Approve a certificate signing request", "", "", ""),
    ("certificate deny", "certificate_deny", "Deny a certificate signing request", "", "", ""),
    ("cluster-info", "cluster_info", "Show where the cluster's services are", "cluster", "", ""),
    ("cluster-info dump", "cluster_info:DUMP", "Print what helps to debug a cluster", "", "", ""),
    ("top", "", "Show resource use (CPU and memory)", "cluster", "", "top [flags]"),
    ("top node", "top_node", "Show resource use of nodes", "", "nodes no", ""),
    ("top pod", "top_pod", "Show resource use of pods", "", "pods po", ""),
    ("cordon", "cordon", "Mark a node as unschedulable", "cluster", "", ""),
    ("uncordon", "uncordon", "Mark a node as schedulable", "cluster", "", ""),
    ("drain", "drain", "Empty a node for maintenance", "cluster", "", ""),
    ("taint", "taint", "Update the taints of nodes", "cluster", "", ""),
    ("describe", "describe", "Show the details of a resource or group of resources", "debug", "", ""),
    ("logs", "logs", "Print the logs of a container in a pod", "debug", "", ""),
    ("attach", "attach", "Attach to a running container", "debug", "", ""),
    ("exec", "exec", "Execute a command in a container", "debug", "", ""),
    ("port-forward", "port_forward", "Forward local ports to a pod", "debug", "", ""),
    ("proxy", "proxy", "Run a proxy to the API server", "debug", "", ""),
    ("cp", "cp", "Copy files and directories to and from containers", "debug", "", ""),
    ("auth", "", "Inspect authorization", "debug", "", "auth [flags]"),
    ("auth can-i", "auth_can_i", "Check whether an action is allowed", "", "", ""),
    ("auth reconcile", "auth_reconcile", "Reconcile rules of RBAC objects", "", "", ""),
    ("auth whoami", "auth_whoami", "Show who you are to the cluster", "", "", ""),
    ("debug", "debug", "Start debugging sessions for workloads and nodes", "debug", "", ""),
    ("events", "events", "List events", "debug", "", ""),
    ("diff", "diff", "Compare the live version with the version that would be applied", "advanced", "", ""),
    ("apply", "apply", "Apply a configuration from a file or standard input", "advanced", "", ""),
    ("apply edit-last-applied", "apply_last_applied:EDIT", "Edit the last-applied-configuration annotation of a resource", "", "", ""),
    ("apply set-last-applied", "apply_last_applied:SET", "Set the last-applied-configuration annotation to a file's contents", "", "", ""),
    ("apply view-last-applied", "apply_last_applied:VIEW", "Show the last-applied-configuration annotation of a resource", "", "", ""),
    ("patch", "patch", "Update fields of a resource", "advanced", "", ""),
    ("replace", "replace", "Replace a resource from a file or standard input", "advanced", "", ""),
    ("wait", "wait", "Wait for a condition on one or many resources", "advanced", "", ""),
    ("kustomize", "kustomize", "Build a kustomization from a directory", "advanced", "", ""),
    ("label", "label", "Update the labels of a resource", "settings", "", ""),
    ("annotate", "annotate", "Update the annotations of a resource", "settings", "", ""),
    ("completion", "completion", "Print shell completion code (bash, zsh, fish, or powershell)", "settings", "", ""),
    ("api-resources", "api_resources", "Print the resources the server supports", "other", "", ""),
    ("api-versions", "api_versions", 'Print the API versions the server supports, as "group/version"', "other", "", ""),
    ("config", "", "Modify kubeconfig files", "other", "", "config SUBCOMMAND"),
    ("config current-context", "config_view:CURRENT_CONTEXT", "Show the current context", "", "", ""),
    ("config delete-cluster", "config_contexts:DELETE_CLUSTER", "Delete a cluster from the kubeconfig", "", "", ""),
    ("config delete-context", "config_contexts:DELETE_CONTEXT", "Delete a context from the kubeconfig", "", "", ""),
    ("config delete-user", "config_contexts:DELETE_USER", "Delete a user from the kubeconfig", "", "", ""),
    ("config get-clusters", "config_view:GET_CLUSTERS", "List the clusters of the kubeconfig", "", "", ""),
    ("config get-contexts", "config_view:GET_CONTEXTS", "Describe one or many contexts", "", "", ""),
    ("config get-users", "config_view:GET_USERS", "List the users of the kubeconfig", "", "", ""),
    ("config rename-context", "config_contexts:RENAME_CONTEXT", "Rename a context of the kubeconfig", "", "", ""),
    ("config set", "config_property:SET", "Set one value in a kubeconfig file", "", "", ""),
    ("config set-cluster", "config_entries:SET_CLUSTER", "Set a cluster entry in the kubeconfig", "", "", ""),
    ("config set-context", "config_entries:SET_CONTEXT", "Set a context entry in the kubeconfig", "", "", ""),
    ("config set-credentials", "config_entries:SET_CREDENTIALS", "Set a user entry in the kubeconfig", "", "", ""),
    ("config unset", "config_property:UNSET", "Unset one value in a kubeconfig file", "", "", ""),
    ("config use-context", "config_contexts:USE_CONTEXT", "Set the current context in a kubeconfig file", "", "use", ""),
    ("config view", "config_view:VIEW", "Show the merged kubeconfig or one kubeconfig file", "", "", ""),
    ("kuberc", "", "Manage user preferences (kuberc) files", "other", "", "kuberc SUBCOMMAND"),
    ("kuberc set", "kuberc_set", "Set a value in the kuberc file", "", "", ""),
    ("kuberc view", "kuberc_view", "Show the kuberc file", "", "", ""),
    ("plugin", "", "Work with plugins", "other", "", "plugin [flags]"),
    ("plugin list", "plugin_list", "List all visible plugins", "", "", ""),
    ("version", "version", "Print the version of client and server", "other", "", ""),
    ("cluster", "", "Manage cluster files", "minikctl", "", "cluster SUBCOMMAND"),
    ("cluster check", "cluster:CHECK", "Check a cluster's file for broken invariants", "", "", ""),
    ("cluster cloud", "cluster:CLOUD", "Show what the cluster's emulated cloud has", "", "", ""),
    ("cluster create", "cluster:CREATE", "Create a cluster and use it", "", "", ""),
    ("cluster delete", "cluster:DELETE", "Delete a cluster with everything in it", "", "", ""),
    ("cluster info", "cluster:INFO", "Show what is in a cluster's file", "", "", ""),
    ("cluster list", "cluster:LIST", "List the clusters", "", "ls", ""),
    ("cluster restore", "cluster:RESTORE", "Bring the cluster back to a snapshot's state", "", "", ""),
    ("cluster scheduler-config", "cluster:SCHEDULER_CONFIG", "Show or replace the scheduler's configuration", "", "", ""),
    ("cluster snapshot", "cluster:SNAPSHOT", "Copy the cluster to a file", "", "", ""),
    ("cluster use", "cluster:USE", "Make a cluster the current context", "", "", ""),
    ("explain-scheduling", "explain_scheduling", "Show why a pod goes to which node, or to none", "minikctl", "", ""),
    ("node", "", "Manage the machines under the nodes", "minikctl", "", "node SUBCOMMAND"),
    ("node add", "node:ADD", "Add machines to the cluster", "", "", ""),
    ("node configure", "node:CONFIGURE", "Say where kubelets take static pods from", "", "", ""),
    ("node fail", "node:FAIL", "Have machines fail", "", "", ""),
    ("node list", "node:LIST", "List the machines", "", "ls", ""),
    ("node recover", "node:RECOVER", "End failures of machines", "", "", ""),
    ("node remove", "node:REMOVE", "Take machines away", "", "rm", ""),
    ("node start", "node:START", "Switch machines on", "", "", ""),
    ("node stop", "node:STOP", "Switch machines off", "", "", ""),
    ("serve", "serve", "Serve the cluster over HTTPS", "minikctl", "", ""),
    ("clock", "", "Show or move the cluster's time", "minikctl", "", "clock SUBCOMMAND"),
    ("clock advance", "clock:ADVANCE", "Move the cluster's time forward", "", "", ""),
    ("clock now", "clock:NOW", "Print the cluster's time", "", "", ""),
    ("options", "options", "List the flags that all commands take", "", "", ""),
)
# fmt: on


class Entry:
    """One node of the tree. `children` maps names and aliases to names."""

    __slots__ = ("aliases", "children", "group", "short", "target", "use")

    def __init__(self, target: str, short: str, group: str, aliases: str, use: str) -> None:
        self.target = target
        self.short = short
        self.group = group
        self.aliases = aliases
        self.use = use
        self.children: dict[str, str] = {}


def _tree() -> dict[tuple[str, ...], Entry]:
    tree: dict[tuple[str, ...], Entry] = {(): Entry("", "", "", "", "[flags]")}
    for words, target, short, group, aliases, use in ROWS:
        path = tuple(words.split())
        tree[path] = Entry(target, short, group, aliases, use)
        siblings = tree[path[:-1]].children
        for name in (path[-1], *aliases.split()):
            siblings[name] = path[-1]
    return tree


TREE = _tree()


def entry(path: tuple[str, ...]) -> Entry:
    """The entry of a command's path."""
    return TREE[path]


def children(path: tuple[str, ...]) -> list[str]:
    """The names of a command's visible subcommands, in the table's order."""
    found = dict.fromkeys(TREE[path].children.values())
    return [name for name in found if entry((*path, name)).group or path]
