"""kubectl expose: creates a Service for the pods of an object.

Upstream counterpart: kubectl's `pkg/cmd/expose`.
"""

from __future__ import annotations

from minikctl.kubectl import exposing, lastapplied, overrides, strategy
from minikctl.kubectl.command import Command, Options
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flags import STRING, Flag
from minikctl.kubectl.flagsets import DRY_RUN, PRINT, SAVE_CONFIG, field_manager, filename_flags
from minikctl.kubectl.info import Info
from minikctl.kubectl.typedprinting import typed_printer

FLAGS = (
    *PRINT,
    *filename_flags("identifying the resource to expose a service"),
    *overrides.FLAGS,
    DRY_RUN,
    SAVE_CONFIG,
    field_manager("kubectl-expose"),
    Flag("cluster-ip", "", STRING, "", "ClusterIP of the service: empty to have one assigned, 'None' for headless."),
    Flag("external-ip", "", STRING, "", "Further external IP address to accept for the service."),
    Flag("labels", "l", STRING, "", "Labels to apply to the service created by this call."),
    Flag("load-balancer-ip", "", STRING, "", "IP to assign to the LoadBalancer."),
    Flag("name", "", STRING, "", "The name for the newly created object."),
    Flag("port", "", STRING, "", "The port that the service should serve on. By default that of the resource."),
    Flag("protocol", "", STRING, "", "The network protocol for the service to be created. Default is 'TCP'."),
    Flag("selector", "", STRING, "", "Label selector of the service. By default that of the resource."),
    Flag("session-affinity", "", STRING, "", "Session affinity of the service: 'None' or 'ClientIP'"),
    Flag("target-port", "", STRING, "", "Name or number of the container's port. By default the service's."),
    Flag("type", "", STRING, "", "ClusterIP, NodePort, LoadBalancer, or ExternalName. Default is 'ClusterIP'."),
)
_LONGEST_NAME = 63


class ExposeOptions(Options):
    """What to expose, and how."""

    def complete(self, args: list[str]) -> None:
        self.args = args
        self.dry_run = strategy.dry_run(self.factory, self.flags)

    def run(self) -> None:
        self.show = typed_printer(self.flags, self.factory.streams.out, "exposed", self.dry_run)
        builder = self.factory.builder().typed().files(self.flags)
        builder.types_or_names(self.args, allow_empty_selector=False).visit(self._expose)

    def _expose(self, info: Info) -> None:
        if info.row.key not in exposing.EXPOSABLE:
            raise KubectlError(f"cannot expose a {info.row.group_kind}")
        obj = overrides.apply(self.flags, exposing.service(self._exposure(info)))
        namespace = self.factory.namespace
        if self.dry_run == strategy.CLIENT:
            if self.factory.enforce_namespace:
                obj["metadata"]["namespace"] = namespace
        else:
            obj = lastapplied.updated(obj, self.flags["save-config"])
            options = strategy.request_options(self.dry_run, self.flags["field-manager"], "Ignore")
            obj = self.factory.client.create("services", obj, namespace, **options)
        self.show(obj)

    def _exposure(self, info: Info) -> exposing.Exposure:
        flags, key, obj = self.flags, info.row.key, info.obj
        selector = flags["selector"]
        if not selector:
            try:
                selector = exposing.selector_of(key, obj)
            except KubectlError as error:
                raise KubectlError(
                    f"couldn't retrieve selectors via --selector flag or introspection: {error}"
                ) from None
        ports, protocols = exposing.ports_of(key, obj)
        if not flags["port"] and not ports and flags["cluster-ip"] != "None":
            raise KubectlError("couldn't find port via --port flag or introspection")
        return exposing.Exposure(
            name=flags["name"] or info.name[:_LONGEST_NAME],
            selector=selector,
            labels=flags["labels"] or exposing.make_labels(obj["metadata"].get("labels") or {}),
            port=flags["port"],
            ports=ports,
            protocols=protocols,
            protocol=flags["protocol"],
            target_port=flags["target-port"],
            type=flags["type"],
            external_ip=flags["external-ip"],
            load_balancer_ip=flags["load-balancer-ip"],
            session_affinity=flags["session-affinity"],
            cluster_ip=flags["cluster-ip"],
        )


COMMAND = Command(
    "expose (-f FILENAME | TYPE NAME) [--port=port] [--protocol=TCP|UDP|SCTP] [--target-port=number-or-name] "
    "[--name=name] [--external-ip=external-ip-of-service] [--type=type]",
    ExposeOptions,
    FLAGS,
    long="""
Expose a resource as a new Kubernetes service.

 The selector of a deployment, service, replica set, replication controller or pod becomes the selector of a new
service. A deployment or replica set can only be exposed if its selector has nothing but matchLabels. Without --port
the ports of the resource are taken, all of them; without --labels its labels.

 Possible resources are (case insensitive):

 pod (po), service (svc), replicationcontroller (rc), deployment (deploy), replicaset (rs)
""",
    example="""
        # Create a service for a replicated nginx, which serves on port 80 and connects to the containers on port 8000
        kubectl expose rc nginx --port=80 --target-port=8000

        # Create a service for what a file describes
        kubectl expose -f nginx-controller.yaml --port=80 --target-port=8000

        # Create a service for the pod valid-pod, which serves on port 444 with the name "frontend"
        kubectl expose pod valid-pod --port=444 --name=frontend

        # Create a second service on the pods of another one
        kubectl expose service nginx --port=443 --target-port=8443 --name=nginx-https

        # Create a service for a streaming application that balances UDP traffic
        kubectl expose rc streamer --port=4100 --protocol=UDP --name=video-stream

        # Create a service for a deployment
        kubectl expose deployment nginx --port=80 --target-port=8000
        """,
)
