"""kubectl create role, clusterrole, rolebinding and clusterrolebinding.

Upstream counterpart: the files of those names in kubectl's `pkg/cmd/create`.
"""

from __future__ import annotations

from typing import NamedTuple

from minikctl.apimachinery.request import Obj
from minikctl.kubectl.cmd.generator import GeneratorOptions
from minikctl.kubectl.command import Command
from minikctl.kubectl.errors import KubectlError, NoResourceType
from minikctl.kubectl.flags import STRING, STRING_ARRAY, STRING_MAP, STRING_SLICE, Flag, quote
from minikctl.kubectl.flagsets import CREATE

GROUP = "rbac.authorization.k8s.io"
_PLAIN_VERBS = ("*", "get", "delete", "list", "create", "update", "patch", "watch", "proxy", "deletecollection")
_RESOURCE_VERBS = frozenset((*_PLAIN_VERBS, "use", "bind", "escalate", "impersonate"))
_NON_RESOURCE_VERBS = frozenset(("*", "get", "post", "put", "delete", "patch", "head", "options"))
_ROLES = {("roles", GROUP), ("clusterroles", GROUP)}
_SPECIAL_VERBS = {
    "use": {("podsecuritypolicies", "policy"), ("podsecuritypolicies", "extensions")},
    "bind": _ROLES,
    "escalate": _ROLES,
    "impersonate": {
        ("users", ""),
        ("serviceaccounts", ""),
        ("groups", ""),
        ("userextras", "authentication.k8s.io"),
    },
}


class RuleResource(NamedTuple):
    """resource.group/subresource as given."""

    resource: str
    group: str
    subresource: str


def parse_resource(text: str) -> RuleResource:
    """Split resource.group/subresource."""
    resource, _, subresource = text.partition("/")
    name, _, group = resource.partition(".")
    return RuleResource(name, group, subresource)


class RoleOptions(GeneratorOptions):
    """A Role of rules over resources."""

    kind = "Role"

    def complete(self, args: list[str]) -> None:
        super().complete(args)
        verbs = list(dict.fromkeys(verb.strip() for verb in self.flags["verb"]))
        self.verbs = ["*"] if "*" in verbs else verbs
        self.resources: list[RuleResource] = []
        for text in self.flags["resource"]:
            self.resources.append(parse_resource(text))
            if text == "*":
                self.resources = [parse_resource(text)]
                break
        self.names = list(dict.fromkeys(self.flags["resource-name"]))

    def validate(self) -> None:
        if not self.verbs:
            raise KubectlError("at least one verb must be specified")
        self.warn_verbs()
        if not self.resources:
            raise KubectlError("at least one resource must be specified")
        self.check_resources()

    def warn_verbs(self) -> None:
        """Warn of verbs that no resource knows."""
        for verb in self.verbs:
            if verb not in _RESOURCE_VERBS:
                self.factory.err(f"Warning: '{verb}' is not a standard resource verb")

    def check_resources(self) -> None:
        """Refuse types the server does not have, and verbs that do not fit."""
        for one in self.resources:
            if not one.resource:
                raise KubectlError("resource must be specified if apiGroup/subresource specified")
            if one.resource == "*":
                return
            found = self.resolve(one)
            resource, group = found or (one.resource, one.group)
            known = found is not None
            for verb in self.verbs:
                if verb in _SPECIAL_VERBS:
                    if (resource, group) not in _SPECIAL_VERBS[verb]:
                        raise KubectlError(f"can not perform '{verb}' on '{resource}' in group '{group}'")
                    known = True
            if not known:
                where = f" in group {quote(one.group)}" if one.group else ""
                raise NoResourceType(f"the server doesn't have a resource type {quote(one.resource)}{where}")

    def resolve(self, one: RuleResource) -> tuple[str, str] | None:
        """The plural and full group of a resource."""
        row = self.factory.resources.resolve(f"{one.resource}.{one.group}" if one.group else one.resource)
        return (row.plural, row.group) if row is not None else None

    def rules(self) -> list[Obj]:
        """One rule per API group."""
        groups: dict[str, list[str]] = {}
        for one in self.resources:
            resource, group = self.resolve(one) or (one.resource, one.group)
            text = f"{resource}/{one.subresource}" if one.subresource else resource
            members = groups.setdefault(group, [])
            if text not in members:
                members.append(text)
        rules = []
        for group in sorted(groups):
            rule: Obj = {"verbs": self.verbs, "apiGroups": [group], "resources": groups[group]}
            if self.names:
                rule["resourceNames"] = self.names
            rules.append(rule)
        return rules

    def build(self) -> Obj:
        kind = {"kind": self.kind, "apiVersion": f"{GROUP}/v1"}
        return {**kind, "metadata": {"name": self.name}, "rules": self.rules()}


class ClusterRoleOptions(RoleOptions):
    """A ClusterRole: over resources and URLs, or aggregated."""

    kind = "ClusterRole"

    def validate(self) -> None:
        urls = self.flags["non-resource-url"]
        if self.flags["aggregation-rule"]:
            if urls or self.verbs or self.resources or self.names:
                raise KubectlError(
                    "aggregation rule must be specified without nonResourceURLs, verbs, resources or resourceNames"
                )
            return
        if not self.verbs:
            raise KubectlError("at least one verb must be specified")
        if not self.resources and not urls:
            raise KubectlError("one of resource or nonResourceURL must be specified")
        if self.resources:
            self.warn_verbs()
            self.check_resources()
        if urls:
            self._check_urls(urls)

    def _check_urls(self, urls: list[str]) -> None:
        for verb in self.verbs:
            if verb not in _NON_RESOURCE_VERBS:
                raise KubectlError(f"invalid verb: '{verb}' for nonResourceURL")
        for url in urls:
            if url == "*":
                continue
            if not url.startswith("/"):
                raise KubectlError("nonResourceURL should start with /")
            if "*" in url[:-1]:
                raise KubectlError("nonResourceURL only supports wildcard matches when '*' is at the end")

    def rules(self) -> list[Obj]:
        rules = super().rules()
        urls = list(dict.fromkeys(self.flags["non-resource-url"]))
        if urls:
            rules.append({"verbs": self.verbs, "nonResourceURLs": urls})
        return rules

    def build(self) -> Obj:
        if not self.flags["aggregation-rule"]:
            return super().build()
        selectors = [{"matchLabels": self.flags["aggregation-rule"]}]
        kind = {"kind": "ClusterRole", "apiVersion": f"{GROUP}/v1"}
        rule = {"clusterRoleSelectors": selectors}
        return {**kind, "metadata": {"name": self.name}, "rules": None, "aggregationRule": rule}


class RoleBindingOptions(GeneratorOptions):
    """A RoleBinding of users, groups and service accounts."""

    failure = "failed to create rolebinding: "
    kind = "RoleBinding"

    def validate(self) -> None:
        if bool(self.flags["clusterrole"]) == bool(self.flags["role"]):
            raise KubectlError("exactly one of clusterrole or role must be specified")

    def build(self) -> Obj:
        role = self.flags.get("role")
        reference = {"apiGroup": GROUP, "kind": "Role" if role else "ClusterRole"}
        obj: Obj = {"kind": self.kind, "apiVersion": f"{GROUP}/v1", "metadata": {"name": self.name}}
        subjects = self._subjects()
        if subjects:
            obj["subjects"] = subjects
        obj["roleRef"] = {**reference, "name": role or self.flags["clusterrole"]}
        return obj

    def _subjects(self) -> list[Obj]:
        subjects = []
        for flag, kind in (("user", "User"), ("group", "Group")):
            for name in dict.fromkeys(self.flags[flag]):
                subjects.append({"kind": kind, "apiGroup": GROUP, "name": name})
        for account in dict.fromkeys(self.flags["serviceaccount"]):
            parts = account.split(":")
            if len(parts) != 2 or not parts[0] or not parts[1]:
                raise KubectlError("serviceaccount must be <namespace>:<name>")
            subjects.append({"kind": "ServiceAccount", "name": parts[1], "namespace": parts[0]})
        return subjects


class ClusterRoleBindingOptions(RoleBindingOptions):
    """A ClusterRoleBinding."""

    failure = "failed to create clusterrolebinding: "
    kind = "ClusterRoleBinding"

    def validate(self) -> None:
        """--clusterrole is required already."""


_RULES = (
    Flag("resource", "", STRING_SLICE, [], "Resource that the rule applies to"),
    Flag("resource-name", "", STRING_ARRAY, [], "Name of an object that the rule applies to, may be repeated"),
    Flag("verb", "", STRING_SLICE, [], "Verb that applies to the resources contained in the rule"),
)
_SUBJECTS = (
    Flag("clusterrole", "", STRING, "", "ClusterRole this binding should reference"),
    Flag("group", "", STRING_ARRAY, [], "Groups to bind to the role. May be repeated."),
    Flag("serviceaccount", "", STRING_ARRAY, [], "Service accounts to bind, as <namespace>:<name>. May be repeated."),
    Flag("user", "", STRING_ARRAY, [], "Usernames to bind to the role. May be repeated."),
)

ROLE = Command(
    "create role NAME --verb=verb --resource=resource.group/subresource [--resource-name=resourcename] "
    "[--dry-run=server|client|none]",
    RoleOptions,
    (*CREATE, *_RULES),
    long="Create a role with one rule.",
    example="""
        # Create a role that allows to get, watch and list pods
        kubectl create role pod-reader --verb=get --verb=list --verb=watch --resource=pods

        # Create a role over certain pods
        kubectl create role pod-reader --verb=get --resource=pods --resource-name=readablepod

        # Create a role over a resource of an API group
        kubectl create role foo --verb=get,list,watch --resource=rs.apps

        # Create a role over a subresource
        kubectl create role foo --verb=get,list,watch --resource=pods,pods/status
        """,
)
CLUSTERROLE = Command(
    "create clusterrole NAME --verb=verb --resource=resource.group [--resource-name=resourcename] "
    "[--dry-run=server|client|none]",
    ClusterRoleOptions,
    (
        *CREATE,
        *_RULES,
        Flag("aggregation-rule", "", STRING_MAP, {}, "Label selector that combines other cluster roles."),
        Flag("non-resource-url", "", STRING_SLICE, [], "A partial url that user should have access to."),
    ),
    long="Create a cluster role.",
    example="""
        # Create a cluster role that allows to get, watch and list pods
        kubectl create clusterrole pod-reader --verb=get,list,watch --resource=pods

        # Create a cluster role over URLs
        kubectl create clusterrole "foo" --verb=get --non-resource-url=/logs/*

        # Create a cluster role made of others
        kubectl create clusterrole monitoring --aggregation-rule="rbac.example.com/aggregate-to-monitoring=true"
        """,
)
ROLEBINDING = Command(
    "create rolebinding NAME --clusterrole=NAME|--role=NAME [--user=username] [--group=groupname] "
    "[--serviceaccount=namespace:serviceaccountname] [--dry-run=server|client|none]",
    RoleBindingOptions,
    (*CREATE, *_SUBJECTS, Flag("role", "", STRING, "", "Role this binding should reference")),
    long="Create a role binding for a role or cluster role.",
    example="""
        # Give user1, user2 and group1 the cluster role admin in the current namespace
        kubectl create rolebinding admin --clusterrole=admin --user=user1 --user=user2 --group=group1

        # Give a service account a role
        kubectl create rolebinding admin-binding --role=admin --serviceaccount=monitoring:sa-dev
        """,
)
CLUSTERROLEBINDING = Command(
    "create clusterrolebinding NAME --clusterrole=NAME [--user=username] [--group=groupname] "
    "[--serviceaccount=namespace:serviceaccountname] [--dry-run=server|client|none]",
    ClusterRoleBindingOptions,
    (*CREATE, *_SUBJECTS),
    long="Create a cluster role binding for a cluster role.",
    example="""
        # Give user1, user2 and group1 the cluster role cluster-admin
        kubectl create clusterrolebinding cluster-admin --clusterrole=cluster-admin --user=user1 --group=group1
        """,
    required=("clusterrole",),
)
