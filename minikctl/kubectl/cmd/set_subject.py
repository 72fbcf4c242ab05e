"""kubectl set subject: adds users, groups and service accounts to a RoleBinding or ClusterRoleBinding.

Upstream counterpart: `set_subject.go` of kubectl's `pkg/cmd/set`.
"""

from __future__ import annotations

from minikctl.apimachinery.request import Obj
from minikctl.kubectl import podspecs
from minikctl.kubectl.command import Command
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flags import STRING_ARRAY, Flag
from minikctl.kubectl.flagsets import SELECTOR
from minikctl.kubectl.info import Info

_GROUP = "rbac.authorization.k8s.io"


class SubjectOptions(podspecs.SetOptions):
    """Which bindings get which subjects."""

    operation = "subjects updated"
    failure = "failed to patch subjects to rolebinding:"

    def validate(self) -> None:
        flags = self.flags
        self.refuse_both()
        if not flags["user"] and not flags["group"] and not flags["serviceaccount"]:
            raise KubectlError("you must specify at least one value of user, group or serviceaccount")
        cluster_wide = any(info.obj["kind"] == "ClusterRoleBinding" for info in self.infos)
        for account in flags["serviceaccount"]:
            namespace, colon, name = account.partition(":")
            if not colon or not name or ":" in name:
                raise KubectlError("serviceaccount must be <namespace>:<name>")
            if cluster_wide and not namespace:
                raise KubectlError("serviceaccount must be <namespace>:<name>, namespace must be specified")

    def change(self, info: Info, obj: Obj) -> None:
        if obj["kind"] not in ("RoleBinding", "ClusterRoleBinding"):
            raise KubectlError("setting subjects is only supported for RoleBinding/ClusterRoleBinding")
        there = obj.get("subjects") or []
        new = [subject for subject in self._subjects() if subject not in there]
        if new:
            obj["subjects"] = there + new

    def _subjects(self) -> list[Obj]:
        flags = self.flags
        found: list[Obj] = [{"kind": "User", "apiGroup": _GROUP, "name": name} for name in sorted(set(flags["user"]))]
        found += [{"kind": "Group", "apiGroup": _GROUP, "name": name} for name in sorted(set(flags["group"]))]
        for account in sorted(set(flags["serviceaccount"])):
            namespace, _, name = account.partition(":")
            found.append({"kind": "ServiceAccount", "name": name, "namespace": namespace or self.factory.namespace})
        return found


COMMAND = Command(
    "set subject (-f FILENAME | TYPE NAME) [--user=username] [--group=groupname] "
    "[--serviceaccount=namespace:serviceaccountname] [--dry-run=server|client|none]",
    SubjectOptions,
    (
        *podspecs.flags("subject", "the resource to update the subjects"),
        SELECTOR,
        Flag("user", "", STRING_ARRAY, [], "Usernames to bind to the role"),
        Flag("group", "", STRING_ARRAY, [], "Groups to bind to the role"),
        Flag("serviceaccount", "", STRING_ARRAY, [], "Service accounts to bind to the role"),
    ),
    long="Update the user, group, or service account in a role binding or cluster role binding.",
    example="""
        # Update a cluster role binding for serviceaccount1
        kubectl set subject clusterrolebinding admin --serviceaccount=namespace:serviceaccount1

        # Update a role binding for user1, user2, and group1
        kubectl set subject rolebinding admin --user=user1 --user=user2 --group=group1

        # Print (as YAML) what the change makes of a binding, without asking the server
        kubectl create rolebinding admin --role=admin --user=admin -o yaml --dry-run=client | \\
          kubectl set subject --local -f - --user=foo -o yaml
        """,
)
