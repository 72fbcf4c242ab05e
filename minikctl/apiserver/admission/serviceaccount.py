"""ServiceAccount: every pod runs as one, and mounts its token unless it declines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from minikctl.apimachinery.request import Obj
from minikctl.apiserver.admission.refusal import forbidden
from minikctl.apiserver.authorization.node import references_of

if TYPE_CHECKING:
    from minikctl.apimachinery import errors
    from minikctl.apiserver.registry.context import Context

MOUNT_PATH = "/var/run/secrets/kubernetes.io/serviceaccount"
TOKEN_VOLUME = "kube-api-access-"  # what its name begins with
_MIRROR = "kubernetes.io/config.mirror"
_STRICT = "kubernetes.io/enforce-mountable-secrets"
_TRUE = ("1", "t", "T", "true", "TRUE", "True")
_EXPIRATION_SECONDS = 3607


def mutate(obj: Obj | None, old: Obj | None, ctx: Context) -> None:
    """Fill in the service account, its image pull secrets and the token volume."""
    assert obj is not None
    if ctx.operation == "UPDATE":
        if ctx.request.subresource:
            _check_added(obj, ctx)
        return
    spec, meta = obj["spec"], obj["metadata"]
    if _MIRROR in (meta.get("annotations") or {}):
        _check_mirror(obj, ctx)
        return
    name = spec.get("serviceAccountName") or "default"
    spec["serviceAccountName"] = spec["serviceAccount"] = name
    account = _account_of(obj, ctx)
    if _mounts_token(account, spec):
        _mount_token(obj, ctx)
    if not spec.get("imagePullSecrets") and account.get("imagePullSecrets"):
        spec["imagePullSecrets"] = [dict(secret) for secret in account["imagePullSecrets"]]
    if _is_strict(account):
        _check_secrets(obj, account, ctx)


def _account_of(pod: Obj, ctx: Context) -> Obj:
    """The account that a pod runs as; Forbidden where there is none."""
    name = pod["spec"].get("serviceAccountName") or ""
    if not name:
        pod_name = pod["metadata"].get("name", "")
        raise forbidden(pod, ctx, f"no service account specified for pod {ctx.namespace}/{pod_name}")
    account = ctx.reader.peek("serviceaccounts", ctx.namespace, name)
    if account is None:
        why = f'error looking up service account {ctx.namespace}/{name}: serviceaccount "{name}" not found'
        raise forbidden(pod, ctx, why)
    return account


def _check_mirror(pod: Obj, ctx: Context) -> None:
    spec = pod["spec"]
    if spec.get("serviceAccountName"):
        raise forbidden(pod, ctx, "a mirror pod may not reference service accounts")
    if "secrets" in references_of(pod):
        raise forbidden(pod, ctx, "a mirror pod may not reference secrets")
    projected = [volume.get("projected") or {} for volume in spec.get("volumes") or ()]
    if any("serviceAccountToken" in source for one in projected for source in one.get("sources") or ()):
        raise forbidden(pod, ctx, "a mirror pod may not use service account token volume projections")


def _is_strict(account: Obj) -> bool:
    """Whether pods may refer to no other secrets than those the account lists."""
    return (account["metadata"].get("annotations") or {}).get(_STRICT) in _TRUE


def _check_secrets(pod: Obj, account: Obj, ctx: Context) -> None:
    spec, name = pod["spec"], account["metadata"]["name"]
    known = _names(account.get("secrets"))
    for volume in spec.get("volumes") or ():
        secret = (volume.get("secret") or {}).get("secretName")
        if volume.get("secret") is not None and secret not in known:
            raise _unlisted(pod, f'volume with secret.secretName="{secret or ""}"', name, ctx)
    for group, what in (("initContainers", "init container"), ("containers", "container")):
        _check_containers(pod, group, what, account, ctx)
    pulling = _names(account.get("imagePullSecrets"))
    for index, reference in enumerate(spec.get("imagePullSecrets") or ()):
        if reference.get("name") not in pulling:
            said = f'imagePullSecrets[{index}].name="{reference.get("name", "")}"'
            raise _unlisted(pod, said, name, ctx, "imagePullSecret")


def _check_added(pod: Obj, ctx: Context) -> None:
    """The same for ephemeral containers."""
    account = _account_of(pod, ctx)
    if _is_strict(account):
        _check_containers(pod, "ephemeralContainers", "ephemeral container", account, ctx)


def _check_containers(pod: Obj, group: str, what: str, account: Obj, ctx: Context) -> None:
    known, name = _names(account.get("secrets")), account["metadata"]["name"]
    for container in pod["spec"].get(group) or ():
        for where, reference in _secrets_of(container):
            secret = str(reference.get("name", ""))
            if secret not in known:
                said = f'{what} {container.get("name", "")} with {where} referencing secret.secretName="{secret}"'
                raise _unlisted(pod, said, name, ctx)


def _secrets_of(container: Obj) -> Iterator[tuple[str, Obj]]:
    """What refers to secrets in a container, with the references."""
    for variable in container.get("env") or ():
        reference = (variable.get("valueFrom") or {}).get("secretKeyRef")
        if reference is not None:
            yield f"envVar {variable.get('name', '')}", reference
    for source in container.get("envFrom") or ():
        if source.get("secretRef") is not None:
            yield "envFrom", source["secretRef"]


def _names(references: list[Obj] | None) -> set[str]:
    return {str(reference.get("name", "")) for reference in references or ()}


def _unlisted(pod: Obj, what: str, account: str, ctx: Context, kind: str = "secret") -> errors.StatusError:
    why = f"{what} is not allowed because service account {account} does not reference that {kind}"
    return forbidden(pod, ctx, why)


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
        if name.startswith(TOKEN_VOLUME):
            return name
    return TOKEN_VOLUME + ctx.rand.suffix()


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
