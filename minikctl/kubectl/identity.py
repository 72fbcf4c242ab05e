"""Who asks: the kubeconfig's user entry and the --as flags as user infos.

A user entry's `username` is taken as it stands; `token` and client certificates are read by the
apiserver's authentication. `kubernetes-admin` is in the administrators' group, as kubeadm sets it up.
"""

from __future__ import annotations

from minikctl.apimachinery.request import UserInfo
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flags import Values
from minikctl.kubectl.kubeconfig import Target

ADMIN = UserInfo("kubernetes-admin", ("system:masters", "system:authenticated"))


def user_of(target: Target) -> UserInfo:
    """The user a kubeconfig's user entry stands for; without credentials system:anonymous."""
    entry = target.user
    name = entry.get("username")
    if name == ADMIN.name:
        return ADMIN
    if name:
        return UserInfo(name, ("system:authenticated",))
    return UserInfo("system:anonymous", ("system:unauthenticated",))


def impersonated(flags: Values) -> UserInfo | None:
    """Whom --as, --as-group, --as-uid and --as-user-extra name; None without them."""
    name, groups, uid = flags.get("as", ""), flags.get("as-group", []), flags.get("as-uid", "")
    extra: dict[str, list[str]] = {}
    for pair in flags.get("as-user-extra", []):
        key, _, value = pair.partition("=")
        extra.setdefault(key, []).append(value)
    if not name:
        if groups or uid or extra:
            raise KubectlError("requesting uid, groups or user-extra without impersonating a user")
        return None
    return UserInfo(name, groups, uid, extra)
