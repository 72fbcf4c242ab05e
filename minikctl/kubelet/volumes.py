"""A pod's volumes: what keeps them from being mounted, and the files containers find in them.

ConfigMap, Secret, downward API and projected volumes are views of API objects as they are now;
emptyDir, hostPath and claims are directories whose files live in the component's storage.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minikctl.apimachinery import csivolumes
from minikctl.apimachinery.clock import parse_time
from minikctl.apimachinery.request import Obj
from minikctl.kubelet import environment
from minikctl.kubelet.filetree import FILE_MODE, File, Stored, as_bytes, as_text, decode, encode
from minikctl.kubelet.record import identity

if TYPE_CHECKING:
    from minikctl.apimachinery.clock import Clock
    from minikctl.client.client import Client
    from minikctl.client.component import KeyValue

# What pods of a node wait for whose volumes are not attached there, followed by the node's name.
ATTACHMENT = "attachment/"

_ROOT_CA = "kube-root-ca.crt"
# When a projected token is made anew: after this share of its life, after a day at the latest.
_TOKEN_SHARE = 0.8
_TOKEN_LONGEST = 86400.0


class MountProblem(Exception):
    """A volume cannot be mounted (yet). `needs`: "configmaps/NAME" and the like."""

    def __init__(self, volume: str, why: str, needs: str) -> None:
        super().__init__(why)
        self.message = f'MountVolume.SetUp failed for volume "{volume}" : {why}'
        self.needs = needs


class NotAttachedError(Exception):
    """A volume waits to be attached, of which a kubelet says nothing. `needs`: news in the Node's status."""

    def __init__(self, volume: str, node: str) -> None:
        super().__init__(volume)
        self.needs = ATTACHMENT + node


class Volumes:
    """Checks and views of the volumes of all pods."""

    def __init__(self, client: Client, state: KeyValue, clock: Clock) -> None:
        self._client = client
        self._state = state
        self._now = clock.now
        self._root_ca: set[str] = set()  # namespaces known to have the root CA's ConfigMap

    def forget(self, namespace: str) -> None:
        """The root CA's ConfigMap of a namespace was deleted."""
        self._root_ca.discard(namespace)

    def check(self, pod: Obj) -> None:
        """Raise MountProblem for the first volume that cannot be mounted, else NotAttachedError for one to attach."""
        namespace = pod["metadata"]["namespace"]
        for volume in pod["spec"].get("volumes") or ():
            name = volume["name"]
            if (projected := volume.get("projected")) is not None:
                for source in projected.get("sources") or ():
                    self._check_source(namespace, name, source.get("configMap"), "configMap", "name")
                    self._check_source(namespace, name, source.get("secret"), "secret", "name")
            elif "configMap" in volume:
                self._check_source(namespace, name, volume["configMap"], "configMap", "name")
            elif "secret" in volume:
                self._check_source(namespace, name, volume["secret"], "secret", "secretName")
            elif "persistentVolumeClaim" in volume:
                self._check_claim(namespace, name, volume["persistentVolumeClaim"]["claimName"])
            elif "ephemeral" in volume:
                self._check_claim(namespace, name, f"{pod['metadata']['name']}-{name}")
        for claim in csivolumes.claims_of(pod):
            self._check_attached(pod["spec"]["nodeName"], namespace, claim)

    def _check_attached(self, node: str, namespace: str, claim: str) -> None:
        """Whether a bound claim's volume is attached, where it has to be: the Node's status says so (WaitForAttach)."""
        bound = self._client.peek("persistentvolumeclaims", claim, namespace, shared=True) or {"spec": {}}
        volume = self._client.peek("persistentvolumes", bound["spec"].get("volumeName", ""), shared=True)
        if volume is None or not csivolumes.needs_attaching(volume, self._client.peek):
            return
        found = self._client.peek("nodes", node, shared=True) or {}
        wanted = csivolumes.unique_name(volume)
        if all(entry["name"] != wanted for entry in (found.get("status") or {}).get("volumesAttached") or ()):
            raise NotAttachedError(wanted, node)

    def _check_source(self, namespace: str, volume: str, source: Obj | None, kind: str, field: str) -> None:
        if source is None or source.get("optional"):
            return
        name = source.get(field, "")
        if name == _ROOT_CA and namespace in self._root_ca:
            return
        resource, word = ("configmaps", "configmap") if kind == "configMap" else ("secrets", "secret")
        found = self._client.find(resource, name, namespace)
        if found is None:
            raise MountProblem(volume, f'{word} "{name}" not found', f"{resource}/{name}")
        if name == _ROOT_CA:
            self._root_ca.add(namespace)
        keys = {*(found.get("data") or ()), *(found.get("binaryData") or ())}
        for item in source.get("items") or ():
            if item["key"] not in keys:
                wanted = "config" if kind == "configMap" else "secret"
                raise MountProblem(volume, f"references non-existent {wanted} key: {item['key']}", f"{resource}/{name}")

    def _check_claim(self, namespace: str, volume: str, name: str) -> None:
        claim = self._client.find("persistentvolumeclaims", name, namespace)
        needs = f"persistentvolumeclaims/{name}"
        if claim is None:
            raise MountProblem(volume, f'persistentvolumeclaim "{name}" not found', needs)
        if claim.get("status", {}).get("phase") != "Bound":
            raise MountProblem(volume, "PVC is not bound", needs)

    # Files

    def read(self, pod: Obj, volume: Obj, ip: str, node: Obj | None) -> dict[str, Stored]:
        """Path -> entry (as `filetree` stores it) of every file of a volume."""
        namespace = pod["metadata"]["namespace"]
        if "projected" in volume:
            files: dict[str, Stored] = {}
            mode = volume["projected"].get("defaultMode", FILE_MODE)
            for source in volume["projected"].get("sources") or ():
                files.update(self._projected(pod, namespace, source, ip, node, mode))
            return files
        if "configMap" in volume or "secret" in volume:
            kind = "configMap" if "configMap" in volume else "secret"
            source = dict(volume[kind] or {})
            source.setdefault("name", source.get("secretName", ""))
            mode = source.get("defaultMode", FILE_MODE)
            return self._projected(pod, namespace, {kind: source}, ip, node, mode)
        if "downwardAPI" in volume:
            mode = (volume["downwardAPI"] or {}).get("defaultMode", FILE_MODE)
            return self._projected(pod, namespace, volume, ip, node, mode)
        found: dict[str, Stored] = self._state.get(self._directory(pod, volume)) or {}
        return found

    def write(self, pod: Obj, volume: Obj, files: dict[str, Stored]) -> None:
        """Replace the files of a volume that containers may write to."""
        self._state.put(self._directory(pod, volume), files)

    def used(self, pod: Obj, volume: Obj) -> int:
        """The bytes that files take in a volume that containers may write to."""
        stored: dict[str, Stored] = self._state.get(self._directory(pod, volume)) or {}
        return sum(len(as_bytes(decode(entry).content or "")) for entry in stored.values())

    def clean(self, uid: str) -> None:
        """Remove what dies with a pod."""
        for kind in ("files", "tokens"):
            for key, _ in self._state.scan(f"{kind}/{uid}/"):
                self._state.delete(key)

    def _directory(self, pod: Obj, volume: Obj) -> str:
        if (claim := volume.get("persistentVolumeClaim")) is not None:
            return f"claims/{pod['metadata']['namespace']}/{claim['claimName']}"
        if (host := volume.get("hostPath")) is not None:
            return f"hostpaths/{pod['spec'].get('nodeName', '')}{host['path']}"
        return f"files/{identity(pod)}/{volume['name']}"

    def _projected(
        self, pod: Obj, namespace: str, source: Obj, ip: str, node: Obj | None, mode: int
    ) -> dict[str, Stored]:
        if (reference := source.get("configMap")) is not None:
            found = self._client.find("configmaps", reference.get("name", ""), namespace) or {}
            return _pick({**(found.get("data") or {}), **_decoded(found.get("binaryData"))}, reference, mode)
        if (reference := source.get("secret")) is not None:
            found = self._client.find("secrets", reference.get("name", ""), namespace) or {}
            return _pick(_decoded(found.get("data")), reference, mode)
        if (reference := source.get("downwardAPI")) is not None:
            return {
                item["path"]: encode(File(_downward(pod, item, ip, node), item.get("mode", mode)))
                for item in reference.get("items") or ()
            }
        if (token := source.get("serviceAccountToken")) is not None:
            return {token["path"]: encode(File(self._token(pod, namespace, token), mode))}
        return {}

    def _token(self, pod: Obj, namespace: str, source: Obj) -> str:
        """A token of the pod's service account, bound to the pod; made anew after four fifths of its life, or a day."""
        meta, now = pod["metadata"], self._now()
        kept_as = f"tokens/{identity(pod)}/{source.get('audience', '')}/{source['path']}"
        known = self._state.get(kept_as)
        if known is not None and now < known["until"]:
            return str(known["token"])
        bound = {"kind": "Pod", "apiVersion": "v1", "name": meta["name"], "uid": meta["uid"]}
        spec: Obj = {"boundObjectRef": bound, "expirationSeconds": source.get("expirationSeconds", 3600)}
        spec["audiences"] = [source["audience"]] if source.get("audience") else []
        request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "metadata": {}, "spec": spec}
        account = pod["spec"].get("serviceAccountName", "default")
        answer = self._client.create("serviceaccounts", request, namespace, subresource="token", name=account)
        token = str(answer["status"]["token"])
        life = parse_time(answer["status"]["expirationTimestamp"]) - now
        self._state.put(kept_as, {"token": token, "until": now + min(life * _TOKEN_SHARE, _TOKEN_LONGEST)})
        return token


def _pick(data: dict[str, str], source: Obj, mode: int) -> dict[str, Stored]:
    items = source.get("items")
    if not items:
        return {key: encode(File(text, mode)) for key, text in data.items()}
    return {
        item["path"]: encode(File(data[item["key"]], item.get("mode", mode))) for item in items if item["key"] in data
    }


def _decoded(data: dict[str, str] | None) -> dict[str, str]:
    """base64 values as the text of files."""
    from base64 import b64decode

    return {key: as_text(b64decode(value)) for key, value in (data or {}).items()}


def _downward(pod: Obj, item: Any, ip: str, node: Obj | None) -> str:
    if (field := item.get("fieldRef")) is not None:
        return environment.field_value(pod, field.get("fieldPath", ""), ip, node)
    return environment.resource_value(pod, {}, item.get("resourceFieldRef") or {"resource": "limits.cpu"}, node)
