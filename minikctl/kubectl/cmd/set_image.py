"""kubectl set image: changes the images of containers in pod templates.

Upstream counterpart: `set_image.go` of kubectl's `pkg/cmd/set`.
"""

from __future__ import annotations

from minikctl.apimachinery.request import Obj
from minikctl.kubectl import podspecs, strategy
from minikctl.kubectl.cmd.pairs import split_arguments
from minikctl.kubectl.command import Command
from minikctl.kubectl.errors import KubectlError, raise_all
from minikctl.kubectl.flags import quote
from minikctl.kubectl.flagsets import SELECTOR
from minikctl.kubectl.info import Info


class ImageOptions(podspecs.SetOptions):
    """Which containers get which image."""

    operation = "image updated"
    failure = "failed to patch image update to pod template:"

    def take_arguments(self, args: list[str]) -> list[str]:
        resources, pairs = split_arguments(args, "image")
        invalid = [pair for pair in pairs if "=" not in pair or pair[0] == "="]
        if invalid:
            raise KubectlError(f"invalid image format: {', '.join(invalid)}")
        self.images = {name: image for name, _, image in (pair.partition("=") for pair in pairs)}
        return resources

    def validate(self) -> None:
        errors: list[Exception] = []
        if self.flags["all"] and self.flags["selector"]:
            errors.append(KubectlError("cannot set --all and --selector at the same time"))
        errors.extend(podspecs.require_names(self))
        if not self.images:
            errors.append(KubectlError("at least one image update is required"))
        elif len(self.images) > 1 and "*" in self.images:
            errors.append(
                KubectlError(
                    "all containers are already specified by *, but saw more than one "
                    "container_name=container_image pairs"
                )
            )
        if self.local and self.dry_run == strategy.SERVER:
            errors.append(KubectlError("cannot specify --local and --dry-run=server - did you mean --dry-run=client?"))
        raise_all(errors)

    def change(self, info: Info, obj: Obj) -> None:
        spec = podspecs.pod_spec(obj)
        containers = podspecs.select(spec, "*")
        for name, image in self.images.items():
            found = [each for each in containers if name in ("*", each.get("name", ""))]
            if not found:
                self.errors.append(KubectlError(f"error: unable to find container named {quote(name)}"))
            for container in found:
                container["image"] = image


COMMAND = Command(
    "set image (-f FILENAME | TYPE NAME) CONTAINER_NAME_1=CONTAINER_IMAGE_1 ... CONTAINER_NAME_N=CONTAINER_IMAGE_N",
    ImageOptions,
    (*podspecs.flags("image"), SELECTOR),
    long="""
Update existing container images of resources.

 Possible resources are (case insensitive):

  pod (po), replicationcontroller (rc), deployment (deploy), daemonset (ds), statefulset (sts), cronjob (cj),
replicaset (rs)
""",
    example="""
        # Set the images of a deployment's nginx and busybox containers
        kubectl set image deployment/nginx busybox=busybox nginx=nginx:1.9.1

        # Update the image of the nginx containers of all deployments and replication controllers
        kubectl set image deployments,rc nginx=nginx:1.9.1 --all

        # Update the image of all containers of the daemon set abc
        kubectl set image daemonset abc *=nginx:1.9.1

        # Print (as YAML) what the change makes of a local file, without asking the server
        kubectl set image -f path/to/file.yaml nginx=nginx:1.9.1 --local -o yaml
        """,
)
