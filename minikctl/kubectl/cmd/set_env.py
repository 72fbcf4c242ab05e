"""kubectl set env: changes or lists the environment variables of containers in pod templates.

Upstream counterpart: `set_env.go` of kubectl's `pkg/cmd/set`.
"""

from __future__ import annotations

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import Obj
from minikctl.kubectl import environment, podspecs
from minikctl.kubectl.command import Command
from minikctl.kubectl.errors import KubectlError, raise_all
from minikctl.kubectl.flags import BOOL, STRING, STRING_ARRAY, STRING_SLICE, Flag, quote
from minikctl.kubectl.flagsets import SELECTOR
from minikctl.kubectl.info import Info


class EnvOptions(podspecs.SetOptions):
    """Which containers get or lose which variables."""

    operation = "env updated"
    failure = "failed to patch env update to pod template:"

    def complete(self, args: list[str]) -> None:
        if self.flags["all"] and self.flags["selector"]:
            raise KubectlError("cannot set --all and --selector at the same time")
        super().complete(args)

    def take_arguments(self, args: list[str]) -> list[str]:
        resources, self.specs = environment.split_arguments(args)
        return resources

    def find_infos(self) -> list[Info]:
        """Looked up when the variables are known."""
        return []

    def validate(self) -> None:
        flags = self.flags
        self.refuse_local_server()
        raise_all(podspecs.require_names(self, kustomize=False))
        if flags["list"] and flags["output"]:
            raise KubectlError("--list and --output may not be specified together")
        if flags["keys"] and not flags["from"]:
            raise KubectlError("when specifying --keys, a configmap or secret must be provided with --from")

    def run(self) -> None:
        flags = self.flags
        self.new, self.removed = environment.parse([*flags["env"], *self.specs], self.factory.streams.stdin)
        if flags["from"]:
            self._import()
        if flags["prefix"]:
            self.new = [{**each, "name": flags["prefix"] + each["name"]} for each in self.new]
        self.infos = self.builder().infos()
        if flags["list"]:
            for info in self.infos:
                self._list(info)
        else:
            super().run()

    def _import(self) -> None:
        """Refer to the keys of the object that --from names."""
        builder = self.factory.builder().typed().local(self.local).files(self.flags)
        if not self.local:
            builder = self.factory.builder().types_or_names([self.flags["from"]], self.flags["all"]).latest()
        for info in builder.infos():
            found = environment.from_object(info.obj, self.flags["keys"])
            for each in found:
                (reference,) = each["valueFrom"].values()
                if each["name"] != reference["key"]:
                    self.factory.err(f"Warning: key {reference['key']} transferred to {each['name']}")
            self.new.extend(found)

    def _selected(self, obj: Obj) -> list[Obj]:
        pattern = self.flags["containers"]
        containers = podspecs.select(podspecs.pod_spec(obj), pattern)
        if not containers:
            name = f"{obj['kind']}/{obj['metadata']['name']}"
            self.factory.err(f"Warning: {name} does not have any containers matching {quote(pattern)}")
        return containers

    def change(self, info: Info, obj: Obj) -> None:
        for container in self._selected(obj):
            existing = container.get("env") or []
            if not self.flags["overwrite"]:
                self._refuse_overwriting(existing)
            env = environment.updated(existing, self.new, self.removed)
            if env:
                container["env"] = env
            else:
                container.pop("env", None)

    def _refuse_overwriting(self, existing: list[Obj]) -> None:
        current = {each.get("name", ""): each.get("value", "") for each in existing}
        for each in self.new:
            name = each["name"]
            if name in current and current[name] != each.get("value", ""):
                raise KubectlError(f"'{name}' already has a value ({current[name]}), and --overwrite is false")

    def _list(self, info: Info) -> None:
        """Print the variables as they would be; what cannot be looked up goes to standard error."""
        obj = info.obj
        resolver = environment.Resolver(self.factory.client, self.factory.namespace) if not self.local else None
        try:
            containers = self._selected(obj)
        except KubectlError:
            return
        for container in containers:
            self.factory.out(f"# {obj['kind']} {info.name}, container {container.get('name', '')}")
            failures: dict[str, list[str]] = {}
            for each in environment.updated(container.get("env") or [], self.new, self.removed):
                self.factory.out(self._line(each, obj, container, resolver, failures))
            for text in sorted(
                f"error retrieving reference for {', '.join(sorted(names))}: {why}" for why, names in failures.items()
            ):
                self.factory.err(text)

    def _line(
        self,
        each: Obj,
        obj: Obj,
        container: Obj,
        resolver: environment.Resolver | None,
        failures: dict[str, list[str]],
    ) -> str:
        name, source = each.get("name", ""), each.get("valueFrom")
        if source is None:
            return f"{name}={each.get('value', '')}"
        if self.flags["resolve"] and resolver is not None:
            try:
                return f"{name}={resolver.value(source, obj, container)}"
            except (KubectlError, StatusError) as error:
                failures.setdefault(str(error), []).append(name)
        return f"# {name} from {environment.reference_text(source)}"


COMMAND = Command(
    "set env RESOURCE/NAME KEY_1=VAL_1 ... KEY_N=VAL_N",
    EnvOptions,
    (
        *podspecs.flags("env", "the resource to update the env"),
        SELECTOR,
        podspecs.CONTAINERS,
        Flag("env", "e", STRING_ARRAY, [], "Specify a key-value pair for an environment variable to set."),
        Flag("from", "", STRING, "", "The name of a resource from which to inject environment variables"),
        Flag("keys", "", STRING_SLICE, [], "Comma-separated list of keys to import from specified resource"),
        Flag("list", "", BOOL, False, "If true, display the environment and any changes in the standard format."),
        Flag("overwrite", "", BOOL, True, "If true, existing variables may be overwritten; else that is refused."),
        Flag("prefix", "", STRING, "", "Prefix to append to variable names"),
        Flag("resolve", "", BOOL, False, "If true, show secret or configmap references when listing variables"),
    ),
    long="""
Update environment variables on a pod template.

 List, add, change or remove the environment variables of containers in pods and pod templates: of all containers, or
of those that a wildcard matches.

 With "--env -", variables are read from standard input, one KEY=VALUE per line.

 Possible resources are (case insensitive):

  pod (po), replicationcontroller (rc), deployment (deploy), daemonset (ds), statefulset (sts), cronjob (cj),
replicaset (rs)
""",
    example="""
        # Update the deployment 'registry' with a new environment variable
        kubectl set env deployment/registry STORAGE_DIR=/local

        # List the environment variables of a deployment
        kubectl set env deployment/sample-build --list

        # List the environment variables of all pods
        kubectl set env pods --all --list

        # Print the changed deployment as YAML
        kubectl set env deployment/sample-build STORAGE_DIR=/data -o yaml

        # Set ENV=prod in all containers of all replication controllers
        kubectl set env rc --all ENV=prod

        # Import the environment from a secret
        kubectl set env --from=secret/mysecret deployment/myapp

        # Import the environment from a config map, with a prefix
        kubectl set env --from=configmap/myconfigmap --prefix=MYSQL_ deployment/myapp

        # Import one key of a config map
        kubectl set env --keys=my-example-key --from=configmap/myconfigmap deployment/myapp

        # Remove the variable ENV from the container 'c1' of all deployments
        kubectl set env deployments --all --containers="c1" ENV-

        # Take variables of the local shell
        env | grep RAILS_ | kubectl set env -e - deployment/registry
        """,
)
