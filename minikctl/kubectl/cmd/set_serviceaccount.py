"""kubectl set serviceaccount: changes the service account of pod templates.

Upstream counterpart: `set_serviceaccount.go` of kubectl's `pkg/cmd/set`.
"""

from __future__ import annotations

from minikctl.apimachinery.request import STRATEGIC_PATCH, Obj
from minikctl.kubectl import podspecs
from minikctl.kubectl.command import Command
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.info import Info


class ServiceAccountOptions(podspecs.SetOptions):
    """Which objects get which service account."""

    operation = "serviceaccount updated"
    failure = "failed to patch ServiceAccountName"

    def take_arguments(self, args: list[str]) -> list[str]:
        if not args:
            raise KubectlError("serviceaccount is required")
        self.refuse_local_server()
        self.account = args[-1]
        return args[:-1]

    def change(self, info: Info, obj: Obj) -> None:
        podspecs.pod_spec(obj)["serviceAccountName"] = self.account

    def unchanged(self, info: Info) -> None:
        """An object that has the account already is patched and printed all the same."""
        self.send(info, info.obj, {}, STRATEGIC_PATCH)


COMMAND = Command(
    "set serviceaccount (-f FILENAME | TYPE NAME) SERVICE_ACCOUNT",
    ServiceAccountOptions,
    podspecs.flags("serviceaccount"),
    long="""
Update the service account of pod template resources.

 Possible resources (case insensitive) can be:

 replicationcontroller (rc), deployment (deploy), daemonset (ds), job, replicaset (rs), statefulset
""",
    example="""
        # Set the service account of the deployment nginx-deployment to serviceaccount1
        kubectl set serviceaccount deployment nginx-deployment serviceaccount1

        # Print (as YAML) what the change makes of a local file, without asking the server
        kubectl set sa -f nginx-deployment.yaml serviceaccount1 --local --dry-run=client -o yaml
        """,
)
