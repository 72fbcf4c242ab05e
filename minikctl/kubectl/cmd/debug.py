"""kubectl debug: adds a debugging container to a pod, to a copy of it, or to a node.

Upstream counterpart: kubectl's `pkg/cmd/debug`.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import images, openapi
from minikctl.apimachinery.deepcopy import deep_copy
from minikctl.apimachinery.patch import strategic_merge
from minikctl.apimachinery.request import Obj
from minikctl.kubectl import attaching, debugprofiles, podpicking, twoway
from minikctl.kubectl.command import Command, Options
from minikctl.kubectl.debugprofiles import COPY, EPHEMERAL, NODE, Keep
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flags import BOOL, STRING, STRING_MAP, Flag, quote
from minikctl.kubectl.flagsets import filename
from minikctl.kubectl.info import Info
from minikctl.kubectl.logstream import container_state
from minikctl.kubectl.watches import follow

_COPY_ONLY = "(This flag only works when used with '--copy-to')"

FLAGS = (
    filename("identifying the resource to debug"),
    Flag("arguments-only", "", BOOL, False, "Everything after -- becomes the new container's args, not its command."),
    Flag("attach", "", BOOL, False, "Wait until the container runs, then attach to it. Default with -i/--stdin."),
    Flag("container", "c", STRING, "", "Container name to use for debug container."),
    Flag("copy-to", "", STRING, "", "Create a copy of the target Pod with this name."),
    Flag("custom", "", STRING, "", "File with a partial container spec (JSON or YAML) that changes the profile."),
    Flag("env", "", STRING_MAP, {}, "Environment variables to set in the container.", shown="[]"),
    Flag("image", "", STRING, "", "Container image to use for debug container."),
    Flag("image-pull-policy", "", STRING, "", "The image pull policy for the container. By default the server's."),
    Flag("keep-annotations", "", BOOL, False, f"If true, keep the original pod annotations.{_COPY_ONLY}"),
    Flag("keep-init-containers", "", BOOL, True, f"Run the init containers for the pod. Defaults to true.{_COPY_ONLY}"),
    Flag("keep-labels", "", BOOL, False, f"If true, keep the original pod labels.{_COPY_ONLY}"),
    Flag("keep-liveness", "", BOOL, False, f"If true, keep the original pod liveness probes.{_COPY_ONLY}"),
    Flag("keep-readiness", "", BOOL, False, f"If true, keep the original pod readiness probes.{_COPY_ONLY}"),
    Flag("keep-startup", "", BOOL, False, f"If true, keep the original startup probes.{_COPY_ONLY}"),
    Flag(
        "profile",
        "",
        STRING,
        "general",
        'One of "legacy", "general", "baseline", "netadmin", "restricted", "sysadmin".',
    ),
    Flag("quiet", "q", BOOL, False, "If true, suppress informational messages."),
    Flag("replace", "", BOOL, False, "When used with '--copy-to', delete the original Pod."),
    Flag("same-node", "", BOOL, False, "When used with '--copy-to', schedule the copy on the same node."),
    Flag("set-image", "", STRING_MAP, {}, "With --copy-to, name=image pairs that change container images.", shown="[]"),
    Flag("share-processes", "", BOOL, True, "When used with '--copy-to', share the process namespace in the copy."),
    Flag("stdin", "i", BOOL, False, "Keep stdin open on the container(s) in the pod, even if nothing is attached."),
    Flag("target", "", STRING, "", "When using an ephemeral container, target processes in this container name."),
    Flag("tty", "t", BOOL, False, "Allocate a TTY for the debugging container."),
)
_UNCHANGEABLE = ("name", "command", "image", "lifecycle", "volumeDevices")
_NON_ROOT = (
    "Warning: Non-root user is configured for the entire target Pod, and some capabilities granted by debug "
    'profile may not work. Please consider using "--custom" '
    'with a custom profile that specifies "securityContext.runAsUser: 0".'
)


class DebugOptions(Options):
    """What to debug, and with which container."""

    def complete(self, args: list[str]) -> None:
        flags = self.flags
        dash = flags.dash if flags.dash >= 0 else len(args)
        self.targets, self.args = args[:dash], args[dash:]
        self.attach: bool = flags["attach"] or (flags["stdin"] and not flags.changed("attach"))
        if flags["profile"] not in debugprofiles.PROFILES:
            raise KubectlError(f"unknown profile: {flags['profile']}")
        self.keep = Keep(
            labels=flags["keep-labels"],
            annotations=flags["keep-annotations"],
            liveness=flags["keep-liveness"],
            readiness=flags["keep-readiness"],
            startup=flags["keep-startup"],
            init_containers=flags["keep-init-containers"],
        )
        self.custom = self._read_custom(flags["custom"]) if flags["custom"] else None

    def _read_custom(self, path: str) -> Obj:
        from minikctl.kubectl.manifest import ParseError, parse_yaml

        try:
            with open(path, "rb") as file:
                value: Any = parse_yaml(file.read())
        except OSError as error:
            reason = f"open {path}: {(error.strerror or '').lower()}"
            raise KubectlError(f"must pass a container spec json file for custom profile: {reason}") from None
        except ParseError as error:
            raise KubectlError(f"{path} does not contain a valid container spec: {error}") from None
        if not isinstance(value, dict):
            raise KubectlError(f"{path} does not contain a valid container spec: not an object")
        return value

    def validate(self) -> None:
        flags = self.flags
        if flags["attach"] and not flags["image"] and not flags["container"]:
            raise KubectlError(
                "you must specify --container or create a new container using --image in order to attach."
            )
        self._validate_copy()
        if flags["image"] and images.parse(flags["image"]) is None:
            raise KubectlError(f"invalid image name {quote(flags['image'])}: invalid reference format")
        if not self.targets and not flags["filename"]:
            raise KubectlError("NAME or filename is required for debug")
        if flags["image-pull-policy"] not in ("", "Always", "IfNotPresent", "Never"):
            raise KubectlError(f"invalid image pull policy: {flags['image-pull-policy']}")
        for name, image in flags["set-image"].items():
            if images.parse(image) is None:
                where = f"{quote(image)} for container {quote(name)}"
                raise KubectlError(f"invalid image name {where}: invalid reference format")
        if flags["target"]:
            if flags["copy-to"]:
                raise KubectlError("--target is incompatible with --copy-to. Use --share-processes instead.")
            self._say(
                f"Targeting container {quote(flags['target'])}. If you don't see processes from this container it may "
                "be because the container runtime doesn't support this feature."
            )
        if flags["tty"] and not flags["stdin"]:
            raise KubectlError("-i/--stdin is required for containers with -t/--tty=true")
        if self.custom is not None and any(field in self.custom for field in _UNCHANGEABLE):
            raise KubectlError(
                "name, command, image, lifecycle and volume devices are not modifiable via custom profile"
            )
        if flags["profile"] == "legacy":
            self.factory.err(
                "--profile=legacy is deprecated and will be removed in the future. It is recommended to explicitly "
                'specify a profile, for example "--profile=general".'
            )

    def _validate_copy(self) -> None:
        flags = self.flags
        if flags["copy-to"]:
            if not flags["image"] and not flags["set-image"] and not self.args:
                raise KubectlError("you must specify --image, --set-image or command arguments.")
            if self.args and not flags["container"] and not flags["image"]:
                raise KubectlError("you must specify an existing container or a new image when specifying args.")
            return
        for name in ("replace", "same-node", "set-image"):
            if flags[name]:
                raise KubectlError(f"--{name} may only be used with --copy-to.")
        if not flags["image"]:
            raise KubectlError("you must specify --image when not using --copy-to.")

    def _say(self, text: str) -> None:
        if not self.flags["quiet"]:
            self.factory.out(text)

    def run(self) -> None:
        builder = self.factory.builder().files(self.flags)
        if self.targets:
            slashed = all("/" in name for name in self.targets)
            builder.types_or_names(self.targets if slashed else ["pods", *self.targets])
        builder.visit(self._debug)

    def _debug(self, info: Info) -> None:
        if info.row.key == "nodes":
            pod, name = self._debug_node(info.obj)
        elif info.row.key != "pods":
            podpicking.refuse_custom(info)
            group = f"{info.row.group}/{info.row.version}, Kind={info.row.kind}"
            raise KubectlError(f"{quote(group)} not supported by debug")
        elif self.flags["copy-to"]:
            pod, name = self._debug_copy(info.obj)
        else:
            pod, name = self._debug_ephemeral(info)
        if self.attach and name:
            self._attach(pod, name)

    # -- the three ways

    def _debug_node(self, node: Obj) -> tuple[Obj, str]:
        node_name, name = node["metadata"]["name"], self.flags["container"] or "debugger"
        pod_name = f"node-debugger-{node_name}-{self._suffix()}"
        self._say(f"Creating debugging pod {pod_name} with container {name} on node {node_name}.")
        container = self._container(name)
        pod: Obj = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": pod_name, "labels": {"app.kubernetes.io/managed-by": "kubectl-debug"}},
            "spec": {
                "containers": [container],
                "nodeName": node_name,
                "restartPolicy": "Never",
                "tolerations": [{"operator": "Exists"}],
            },
        }
        self._apply(pod, "containers", name, NODE)
        return self.factory.client.create("pods", pod, self.factory.namespace), name

    def _debug_ephemeral(self, info: Info) -> tuple[Obj, str]:
        pod: Obj = deep_copy(info.obj)
        pod.setdefault("spec", {})  # that of a file may say nothing but its name
        name = self._name(pod)
        container = self._container(name)
        if self.flags["target"]:
            container["targetContainerName"] = self.flags["target"]
        pod["spec"]["ephemeralContainers"] = [*(pod["spec"].get("ephemeralContainers") or ()), container]
        self._apply(pod, "ephemeralContainers", name, EPHEMERAL)
        self._warn_non_root(pod, pod["spec"]["ephemeralContainers"][-1])
        patch, patch_type = twoway.difference(info, pod)
        result = twoway.send(self.factory.client, info, patch, patch_type, subresource="ephemeralcontainers")
        return result, name

    def _debug_copy(self, original: Obj) -> tuple[Obj, str]:
        flags = self.flags
        metadata = original["metadata"]
        pod: Obj = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": flags["copy-to"], "namespace": metadata["namespace"]},
            "spec": deep_copy(original["spec"]),
        }
        for field in ("annotations", "labels"):
            if metadata.get(field):
                pod["metadata"][field] = dict(metadata[field])
        spec = pod["spec"]
        spec.pop("ephemeralContainers", None)
        if flags.changed("share-processes"):
            spec["shareProcessNamespace"] = flags["share-processes"]
        if not flags["same-node"]:
            spec.pop("nodeName", None)
        for container in spec["containers"]:
            image = flags["set-image"].get(container["name"]) or flags["set-image"].get("*")
            if image:
                container["image"] = image
        name = self._debugging_container(pod)
        created = self.factory.client.create("pods", pod, metadata["namespace"])
        if flags["replace"]:
            self.factory.client.delete("pods", metadata["name"], metadata["namespace"], gracePeriodSeconds=0)
        return created, name

    def _debugging_container(self, pod: Obj) -> str:
        """Change or add the debugging container of a copy; "" where only images change."""
        flags = self.flags
        name = flags["container"]
        container = podpicking.find_container(pod, name) if name else None
        if container is None:
            if not flags["image"]:
                if flags["set-image"]:
                    return ""
                raise KubectlError("you must specify image when creating new container")
            name = name or self._name(pod)
            container = {"name": name, "terminationMessagePolicy": "File"}
            pod["spec"]["containers"].append(container)
        if self.args:
            if not flags["arguments-only"]:
                container.pop("args", None)
            container["args" if flags["arguments-only"] else "command"] = self.args
        given = self._container(name)
        for field in ("env", "image", "imagePullPolicy"):
            if given.get(field):
                container[field] = given[field]
        container["stdin"], container["tty"] = flags["stdin"], flags["tty"]
        self._apply(pod, "containers", name, COPY)
        self._warn_non_root(pod, next(each for each in pod["spec"]["containers"] if each["name"] == name))
        return str(name)

    # -- the container

    def _suffix(self) -> str:
        return self.factory.cluster.server.rand.suffix()

    def _name(self, pod: Obj) -> str:
        if self.flags["container"]:
            return str(self.flags["container"])
        name = f"debugger-{self._suffix()}"
        self._say(f"Defaulting debug container name to {name}.")
        return name

    def _container(self, name: str) -> Obj:
        flags = self.flags
        container: Obj = {"name": name, "image": flags["image"], "terminationMessagePolicy": "File"}
        if self.args:
            container["args" if flags["arguments-only"] else "command"] = self.args
        if flags["env"]:
            container["env"] = [{"name": key, "value": value} for key, value in flags["env"].items()]
        if flags["image-pull-policy"]:
            container["imagePullPolicy"] = flags["image-pull-policy"]
        for field in ("stdin", "tty"):
            if flags[field]:
                container[field] = True
        return container

    def _apply(self, pod: Obj, field: str, name: str, style: str) -> None:
        """Apply the profile, then the custom one."""
        containers = pod["spec"][field]
        index = next(i for i, each in enumerate(containers) if each["name"] == name)
        debugprofiles.apply(self.flags["profile"], pod, containers[index], style, self.keep)
        if self.custom is not None:
            schema: Any = openapi.schema_for("v1", "Pod")
            schema = schema.prop("spec").prop("containers").items
            containers[index] = strategic_merge(containers[index], {**self.custom, "name": name}, schema)

    def _warn_non_root(self, pod: Obj, container: Obj) -> None:
        user = (pod["spec"].get("securityContext") or {}).get("runAsUser")
        context = container.get("securityContext") or {}
        if not user or context.get("runAsUser") == 0:
            return
        if context.get("privileged") or (context.get("capabilities") or {}).get("add"):
            self.factory.err(_NON_ROOT)

    def _attach(self, pod: Obj, name: str) -> None:
        metadata = pod["metadata"]
        row = self.factory.client.server.lookup("pods")
        info = Info(row, metadata["namespace"], metadata["name"])
        for event in follow(self.factory, info, 0):
            state = container_state(event["object"], name)
            if "running" in state or "terminated" in state:
                break
            message = (state.get("waiting") or {}).get("message")
            if message and not self.flags["quiet"]:
                self.factory.err(f"Warning: container {name}: {message}")
        container = podpicking.find_container(event["object"], name)
        assert container is not None
        flags = self.flags
        how = attaching.Attachment(flags["stdin"], flags["tty"], flags["quiet"], from_start=True)
        attaching.attach(self.factory, event["object"], container, how)


COMMAND = Command(
    "debug (POD | TYPE[[.VERSION].GROUP]/NAME) [ -- COMMAND [args...] ]",
    DebugOptions,
    FLAGS,
    long="""
Debug cluster resources using interactive debugging containers.

 What is done depends on the resource; without a type it is a pod:

  *  Workload: create a copy of an existing pod with something changed, for example the tag of an image.
  *  Workload: add an ephemeral container to a running pod, without restarting it.
  *  Node: create a pod in the node's host namespaces that can access the node's filesystem.
""",
    example="""
        # Add a debugging container to pod mypod and attach to it
        kubectl debug mypod -it --image=busybox

        # Add a debugging container named debugger with an image of your own
        kubectl debug --image=myproj/debug-tools -c debugger mypod

        # Create a copy of mypod with a debugging container and attach to it
        kubectl debug mypod -it --image=busybox --copy-to=my-debugger

        # Create a copy of mypod with another command in mycontainer
        kubectl debug mypod -it --copy-to=my-debugger --container=mycontainer -- sh

        # Create a copy of mypod with other images
        kubectl debug mypod --copy-to=my-debugger --set-image=*=busybox

        # Debug a node
        kubectl debug node/mynode -it --image=busybox
        """,
)
