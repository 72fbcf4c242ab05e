"""ServiceAccount: every pod runs as one, and mounts its token unless it declines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery import errors
from minikctl.apimachinery.request import Obj

if TYPE_CHECKING:
    from minikctl.apiserver.registry.context import Context

MOUNT_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
_MIRROR = "kubernetes.io/config.mirror"
_EXPIRATION_SECONDS = 3607


def mutate(obj: Obj | None, old: Obj | None, ctx: Context) -> None:
    """Fill in the service account, its image pull secrets and the token volume."""
    assert obj is not None
    spec, meta = obj["spec"], obj["metadata"]
    if _MIRROR in (meta.get("annotations") or {}):
        _check_mirror(spec, ctx)
        return
    name = spec.get("serviceAccountName") or "default"
    spec["serviceAccountName"] = spec["serviceAccount"] = name
    account = ctx.reader.peek("serviceaccounts", meta["namespace"], name)
    if account is None:
        why = f'error looking up service account {meta["namespace"]}/{name}: serviceaccount "{name}" not found'
        raise errors.forbidden("pods", meta.get("name") or "", why)
    if _mounts_token(account, spec):
        _mount_token(obj, ctx)
    if not spec.get("imagePullSecrets") and account.get("imagePullSecrets"):
        spec["imagePullSecrets"] = [dict(secret) for secret in account["imagePullSecrets"]]


def _check_mirror(spec: Obj, ctx: Context) -> None:
    if spec.get("serviceAccountName"):
        raise errors.forbidden("pods", ctx.request.name, "a mirror pod may not reference service accounts")


def _mounts_token(account: Obj, spec: Obj) -> bool:
    for holder in (spec, account):
        if holder.get("automountServiceAccountToken") is not None:
            return bool(holder["automountServiceAccountToken"])
    return True


def _mount_token(pod: Obj, ctx: Context) -> None:
    """Mount a projected token volume into each container that has nothing at its path yet."""
    spec = pod["spec"]
    name = _volume_name(spec, ctx)
    mounted = False
    for container in (*(spec.get("initContainers") or ()), *(spec.get("containers") or ())):
        mounts = container.get("volumeMounts") or []
        if any(mount.get("mountPath") == MOUNT_PATH for mount in mounts):
            continue
        container["volumeMounts"] = [*mounts, {"mountPath": MOUNT_PATH, "name": name, "readOnly": True}]
        mounted = True
    if mounted and not any(volume.get("name") == name for volume in spec.get("volumes") or ()):
        spec["volumes"] = [*(spec.get("volumes") or ()), _token_volume(name)]


def _volume_name(spec: Obj, ctx: Context) -> str:
    for volume in spec.get("volumes") or ():
        name = str(volume.get("name", ""))
        if name.startswith("kube-api-access-"):
            return name
    return "kube-api-access-" + ctx.rand.suffix()


def _token_volume(name: str) -> Obj:
    return {
        "name": name,
        "projected": {
            "defaultMode": 420,
            "sources": [
                {"serviceAccountToken": {"expirationSeconds": _EXPIRATION_SECONDS, "path": "token"}},
                {"configMap": {"items": [{"key": "ca.crt", "path": "ca.crt"}], "name": "kube-root-ca.crt"}},
                {
                    "downwardAPI": {
                        "items": [
                            {
                                "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"},
                                "path": "namespace",
                            }
                        ]
                    }
                },
            ],
        },
    }
