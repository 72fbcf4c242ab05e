"""kubectl set resources: changes the requests and limits of containers in pod templates.

Upstream counterpart: `set_resources.go` of kubectl's `pkg/cmd/set`.
"""

from __future__ import annotations

from minikctl.apimachinery import quantity
from minikctl.apimachinery.request import Obj
from minikctl.kubectl import podspecs
from minikctl.kubectl.command import Command
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flags import STRING, Flag
from minikctl.kubectl.flagsets import SELECTOR
from minikctl.kubectl.info import Info


class ResourcesOptions(podspecs.SetOptions):
    """Which containers get which requests and limits."""

    operation = "resource requirements updated"
    failure = "failed to patch resources update to pod template"

    def validate(self) -> None:
        self.refuse_local_server()
        self.refuse_both()
        if not self.flags["limits"] and not self.flags["requests"]:
            raise KubectlError("you must specify an update to requests or limits (in the form of --requests/--limits)")
        self.wanted = {name: resource_list(self.flags[name]) for name in ("limits", "requests")}

    def change(self, info: Info, obj: Obj) -> None:
        pattern = self.flags["containers"]
        containers = podspecs.select(podspecs.pod_spec(obj), pattern)
        if not containers:
            self.errors.append(KubectlError(f"error: unable to find container named {pattern}"))
        for container in containers:
            resources = container["resources"] = container.get("resources") or {}
            for name, amounts in self.wanted.items():
                if amounts:
                    resources[name] = {**(resources.get(name) or {}), **amounts}


def resource_list(text: str) -> dict[str, str]:
    """cpu=100m,memory=256Mi as a resource list."""
    amounts = {}
    for statement in text.split(",") if text else ():
        parts = statement.split("=")
        if len(parts) != 2:
            raise KubectlError(f"Invalid argument syntax {statement}, expected <resource>=<value>")
        try:
            amounts[parts[0]] = quantity.canonical(parts[1])
        except quantity.QuantityError as error:
            raise KubectlError(str(error)) from None
    return amounts


_AMOUNTS = (
    "The resource {} for this container. For example, 'cpu=100m,memory=256Mi'. Components of the server may assign "
    "requests on their own, such as limit ranges."
)

COMMAND = Command(
    "set resources (-f FILENAME | TYPE NAME)  ([--limits=LIMITS & --requests=REQUESTS]",
    ResourcesOptions,
    (
        *podspecs.flags("resources"),
        SELECTOR,
        podspecs.CONTAINERS,
        Flag("limits", "", STRING, "", _AMOUNTS.format("limits")),
        Flag("requests", "", STRING, "", _AMOUNTS.format("requests")),
    ),
    long="""
Specify compute resource requirements (CPU, memory) for any resource that defines a pod template.

 A scheduled pod is sure of what it requests, and may use up to its limits. Where a limit is given without a request,
the request becomes the limit.
""",
    example="""
        # Set the limits of a deployment's nginx container
        kubectl set resources deployment nginx -c=nginx --limits=cpu=200m,memory=512Mi

        # Set requests and limits of all containers of nginx
        kubectl set resources deployment nginx --limits=cpu=200m,memory=512Mi --requests=cpu=100m,memory=256Mi

        # Remove the requests of the containers of nginx
        kubectl set resources deployment nginx --limits=cpu=0,memory=0 --requests=cpu=0,memory=0

        # Print (as YAML) what the change makes of a local file, without asking the server
        kubectl set resources -f path/to/file.yaml --limits=cpu=200m,memory=512Mi --local -o yaml
        """,
)
