"""What the `create KIND` commands share: from flags to one object, then dry run, saving, printing.

A generator overrides `build`. Upstream counterpart: `CreateSubcommandOptions` and its siblings in
kubectl's `pkg/cmd/create`.
"""

from __future__ import annotations

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import Obj
from minikctl.kubectl import lastapplied, strategy
from minikctl.kubectl.command import Options
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.info import Info


class GeneratorOptions(Options):
    """One object made from flags.

    `failure` is the prefix of a server's refusal ("failed to create configmap: "), or empty where
    kubectl prints the refusal as it is.
    """

    failure = ""
    validating = True

    def complete(self, args: list[str]) -> None:
        self.args = args
        self.name = self.name_argument(args)
        self.dry_run = strategy.dry_run(self.factory, self.flags)
        self.validation = strategy.field_validation(self.flags)

    def name_argument(self, args: list[str]) -> str:
        """The one NAME; what stands after `--` does not count."""
        count = len(args) if self.flags.dash < 0 else self.flags.dash
        if count != 1:
            raise self.usage_error(f"exactly one NAME is required, got {count}")
        return args[0]

    @property
    def command(self) -> list[str]:
        """What stands after the name: a container's command."""
        return self.args[1:]

    def build(self) -> Obj:
        """The object that the flags describe."""
        raise NotImplementedError

    def run(self) -> None:
        obj = self.build()
        row = self.factory.resources.by_kind(obj["apiVersion"], obj["kind"])
        assert row is not None, obj["kind"]
        namespace = self.factory.namespace if row.namespaced else ""
        if row.namespaced and self.factory.enforce_namespace:
            metadata = obj["metadata"]
            obj["metadata"] = {"name": metadata.pop("name"), "namespace": namespace, **metadata}
        if self.flags["save-config"]:
            obj = lastapplied.annotated_typed(obj)
        if self.dry_run != strategy.CLIENT:
            options = strategy.request_options(self.dry_run, self.flags["field-manager"], self.validation)
            try:
                obj = self.factory.client.create(row, obj, namespace, **options)
            except (StatusError, KubectlError) as error:
                if not self.failure:
                    raise
                raise KubectlError(f"{self.failure}{error}") from None
            self.factory.written(Info(row, namespace, self.name, obj))
        self.print(obj)

    def print(self, obj: Obj) -> None:
        """Print the result."""
        from minikctl.kubectl.typedprinting import typed_printer

        typed_printer(self.flags, self.factory.streams.out, "created", self.dry_run)(obj)
