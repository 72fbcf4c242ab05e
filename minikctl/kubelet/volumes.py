"""A pod's volumes: what keeps them from being mounted, and the files containers find in them.

ConfigMap, Secret, downward API and projected volumes are views of API objects as they are now;
emptyDir, hostPath and claims are directories whose files live in the component's storage.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minikctl.apimachinery.request import Obj
from minikctl.kubelet import environment

if TYPE_CHECKING:
    from minikctl.client.client import Client
    from minikctl.client.component import KeyValue

_ROOT_CA = "kube-root-ca.crt"


class MountProblem(Exception):
    """A volume cannot be mounted (yet). `needs`: "configmaps/NAME" and the like."""

    def __init__(self, volume: str, why: str, needs: str) -> None:
        super().__init__(why)
        self.message = f'MountVolume.SetUp failed for volume "{volume}" : {why}'
        self.needs = needs


class Volumes:
    """Checks and views of the volumes of all pods."""

    def __init__(self, client: Client, state: KeyValue) -> None:
        self._client = client
        self._state = state
        self._root_ca: set[str] = set()  # namespaces known to have the root CA's ConfigMap

    def forget(self, namespace: str) -> None:
        """The root CA's ConfigMap of a namespace was deleted."""
        self._root_ca.discard(namespace)

    def check(self, pod: Obj) -> None:
        """Raise MountProblem for the first volume that cannot be mounted."""
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

    def read(self, pod: Obj, volume: Obj, ip: str, node: Obj | None) -> dict[str, str]:
        """Path -> content of every file of a volume."""
        namespace = pod["metadata"]["namespace"]
        if "projected" in volume:
            files: dict[str, str] = {}
            for source in volume["projected"].get("sources") or ():
                files.update(self._projected(pod, namespace, source, ip, node))
            return files
        if "configMap" in volume or "secret" in volume:
            source = dict(volume.get("configMap") or volume.get("secret") or {})
            source.setdefault("name", source.get("secretName", ""))
            return self._projected(
                pod, namespace, {"configMap" if "configMap" in volume else "secret": source}, ip, node
            )
        if "downwardAPI" in volume:
            return self._projected(pod, namespace, volume, ip, node)
        found: dict[str, str] = self._state.get(self._directory(pod, volume)) or {}
        return found

    def write(self, pod: Obj, volume: Obj, files: dict[str, str]) -> None:
        """Replace the files of a volume that containers may write to."""
        self._state.put(self._directory(pod, volume), files)

    def clean(self, uid: str) -> None:
        """Remove what dies with a pod."""
        for key, _ in self._state.scan(f"files/{uid}/"):
            self._state.delete(key)

    def _directory(self, pod: Obj, volume: Obj) -> str:
        if (claim := volume.get("persistentVolumeClaim")) is not None:
            return f"claims/{pod['metadata']['namespace']}/{claim['claimName']}"
        if (host := volume.get("hostPath")) is not None:
            return f"hostpaths/{pod['spec'].get('nodeName', '')}{host['path']}"
        return f"files/{pod['metadata']['uid']}/{volume['name']}"

    def _projected(self, pod: Obj, namespace: str, source: Obj, ip: str, node: Obj | None) -> dict[str, str]:
        if (reference := source.get("configMap")) is not None:
            found = self._client.find("configmaps", reference.get("name", ""), namespace)
            return _pick(dict((found or {}).get("data") or {}), reference)
        if (reference := source.get("secret")) is not None:
            found = self._client.find("secrets", reference.get("name", ""), namespace)
            return _pick(environment.decode_secret(found) if found else {}, reference)
        if (reference := source.get("downwardAPI")) is not None:
            return {item["path"]: _downward(pod, item, ip, node) for item in reference.get("items") or ()}
        if (token := source.get("serviceAccountToken")) is not None:
            return {token["path"]: self._token(pod, namespace, token)}
        return {}

    def _token(self, pod: Obj, namespace: str, source: Obj) -> str:
        """A token of the pod's service account, bound to the pod."""
        meta = pod["metadata"]
        bound = {"kind": "Pod", "apiVersion": "v1", "name": meta["name"], "uid": meta["uid"]}
        spec: Obj = {"boundObjectRef": bound, "expirationSeconds": source.get("expirationSeconds", 3600)}
        spec["audiences"] = [source["audience"]] if source.get("audience") else []
        request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "metadata": {}, "spec": spec}
        account = pod["spec"].get("serviceAccountName", "default")
        answer = self._client.create("serviceaccounts", request, namespace, subresource="token", name=account)
        return str(answer["status"]["token"])


def _pick(data: dict[str, str], source: Obj) -> dict[str, str]:
    items = source.get("items")
    if not items:
        return data
    return {item["path"]: data[item["key"]] for item in items if item["key"] in data}


def _downward(pod: Obj, item: Any, ip: str, node: Obj | None) -> str:
    if (field := item.get("fieldRef")) is not None:
        return environment.field_value(pod, field.get("fieldPath", ""), ip, node)
    return environment.resource_value(pod, {}, item.get("resourceFieldRef") or {"resource": "limits.cpu"}, node)


class Files:
    """The files one container sees: its volume mounts over an empty disk of its own."""

    def __init__(self, volumes: Volumes, pod: Obj, container: Obj, ip: str, node: Obj | None) -> None:
        self._volumes = volumes
        self._pod = pod
        self._context = (ip, node)
        by_name = {volume["name"]: volume for volume in pod["spec"].get("volumes") or ()}
        self._mounts = sorted(
            (
                (mount["mountPath"].rstrip("/"), mount.get("subPath", ""), by_name[mount["name"]])
                for mount in container.get("volumeMounts") or ()
                if mount["name"] in by_name
            ),
            key=lambda mount: -len(mount[0]),
        )
        self._loaded: dict[str, dict[str, str]] = {}
        self._changed: set[str] = set()
        self.own: dict[str, str] = {}

    def get(self, path: str) -> str | None:
        files, inner = self._find(path)
        return files.get(inner)

    def put(self, path: str, content: str) -> None:
        files, inner = self._find(path, writing=True)
        files[inner] = content

    def remove(self, path: str) -> bool:
        files, inner = self._find(path, writing=True)
        return files.pop(inner, None) is not None

    def listing(self, path: str) -> list[str] | None:
        """The names in a directory; None where there is no such directory."""
        files, inner = self._find(path.rstrip("/") + "/.")
        prefix = inner[:-1]
        names = {name[len(prefix) :].partition("/")[0] for name in files if name.startswith(prefix)}
        known = any(path.rstrip("/") == mount[0] for mount in self._mounts)
        return sorted(names) if names or known or path in ("/", ".") else None

    def save(self) -> None:
        """Keep what was written to volumes."""
        for _, _, volume in self._mounts:
            if volume["name"] in self._changed:
                self._volumes.write(self._pod, volume, self._loaded[volume["name"]])
        self._changed.clear()

    def _find(self, path: str, writing: bool = False) -> tuple[dict[str, str], str]:
        for mount, sub_path, volume in self._mounts:
            if path == mount and sub_path:
                return self._load(volume, writing), sub_path
            if path.startswith(mount + "/"):
                inner = path[len(mount) + 1 :]
                return self._load(volume, writing), f"{sub_path}/{inner}" if sub_path else inner
        return self.own, path

    def _load(self, volume: Obj, writing: bool) -> dict[str, str]:
        name = volume["name"]
        if name not in self._loaded:
            self._loaded[name] = self._volumes.read(self._pod, volume, *self._context)
        if writing:
            self._changed.add(name)
        return self._loaded[name]
