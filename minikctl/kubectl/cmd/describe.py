"""kubectl describe: one object or many, told in full, with what belongs to them.

The texts are made by `printers.describe`; this module finds the objects and answers what the describers look
up. Upstream counterpart: kubectl's `pkg/cmd/describe`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import Obj
from minikctl.kubectl.command import Command, Options
from minikctl.kubectl.errors import KubectlError, raise_together
from minikctl.kubectl.flags import BOOL, Flag
from minikctl.kubectl.flagsets import ALL_NAMESPACES, CHUNK_SIZE, SELECTOR, filename_flags
from minikctl.printers.describe import describe

if TYPE_CHECKING:
    from minikctl.client.client import Client
    from minikctl.kubectl.info import Info
    from minikctl.printers.describe.lookup import Objects

FLAGS = (
    *filename_flags("containing the resource to describe"),
    ALL_NAMESPACES,
    CHUNK_SIZE,
    SELECTOR,
    Flag(
        "show-events", "", BOOL, True,
        "If true, show the events about the object. Defaults to true for a single object, to false for several "
        "and for name prefixes.",
    ),
)  # fmt: skip


class ClientLookup:
    """Answers describers with the user's client, list by list in chunks."""

    def __init__(self, client: Client, show_events: bool, chunk: int) -> None:
        self._client = client
        self._show_events = show_events
        self._chunk = chunk

    def get(self, resource: str, name: str, namespace: str = "") -> Obj:
        """One object."""
        return self._client.get(resource, name, namespace)

    def list(self, resource: str, namespace: str = "", label_selector: str = "", field_selector: str = "") -> Objects:
        """All objects that match."""
        found: Objects = []
        token = ""
        while True:
            page = self._client.list(resource, namespace, label_selector, field_selector, self._chunk, token)
            found.extend(page.get("items") or ())
            token = page.get("metadata", {}).get("continue", "")
            if not token:
                return found

    def events(self, obj: Obj, kind: str | None = None, uid: str | None = None) -> Objects | None:
        """The events about an object; None when they are not to be shown."""
        if not self._show_events:
            return None
        metadata = obj["metadata"]
        namespace = metadata.get("namespace", "")
        wanted = {"name": metadata["name"], "namespace": namespace}
        kind = obj.get("kind", "") if kind is None else kind
        uid = metadata.get("uid", "") if uid is None else uid
        wanted.update({key: value for key, value in (("kind", kind), ("uid", uid)) if value})
        selector = ",".join([f"involvedObject.{key}={wanted[key]}" for key in sorted(wanted)])
        try:
            return self.list("events", namespace, field_selector=selector)
        except StatusError:
            return []


class DescribeOptions(Options):
    """What to describe, and whether with events."""

    def complete(self, args: list[str]) -> None:
        flags = self.flags
        self.args = args
        self.show_events: bool = flags["show-events"]
        if not args and not flags["filename"] and not flags["kustomize"]:
            raise KubectlError(
                f'You must specify the type of resource to describe. Use "{self.factory.program} api-resources" for a '
                "complete list of supported resources.\n"
            )

    def run(self) -> None:
        flags, factory = self.flags, self.factory
        namespace, enforce = factory.namespace, factory.enforce_namespace and not flags["all-namespaces"]
        builder = factory.builder().namespace(namespace, enforce).all_namespaces(flags["all-namespaces"])
        builder.files(flags).selector(flags["selector"]).types_or_names(self.args)
        infos, errors = builder.chunks(flags["chunk-size"]).gather()
        if (errors or len(infos) > 1) and not flags.changed("show-events"):
            self.show_events = False
        if len(errors) == 1 and len(self.args) == 2 and _is_not_found(errors[0]):
            self._describe_matching(errors[0])
            return
        errors += self._describe_all(infos)
        if not infos and not errors:
            if flags["all-namespaces"]:
                factory.err("No resources found")
            else:
                factory.err(f"No resources found in {namespace} namespace.")
        raise_together(errors)

    def _describe_all(self, infos: list[Info]) -> list[Exception]:
        """Print each object, two empty lines between them; the errors, each once."""
        errors: dict[str, Exception] = {}
        separator = ""
        for info in infos:
            try:
                text = self._text(info)
            except (StatusError, KubectlError) as error:
                errors.setdefault(str(error), error)
                continue
            self.factory.streams.out.write(separator + text)
            separator = "\n\n"
        return list(errors.values())

    def _describe_matching(self, not_found: Exception) -> None:
        """Print every object whose name begins as asked for."""
        factory = self.factory
        kind, prefix = self.args
        if "," in kind:
            raise KubectlError("you may only specify a single resource type")
        builder = factory.builder().namespace(factory.namespace).types_or_names([kind])
        matching = [info for info in builder.chunks(self.flags["chunk-size"]).infos() if info.name.startswith(prefix)]
        for info in matching:
            factory.streams.out.write(f"{self._text(info)}\n")
        if not matching:
            raise not_found

    def _text(self, info: Info) -> str:
        factory = self.factory
        if info.source:  # the file says only which object it is
            info.require_name()
            info.object = factory.client.get(info.row, info.name, info.namespace)
        lookup = ClientLookup(factory.client, self.show_events, self.flags["chunk-size"])
        try:
            return describe(info.row.key, info.obj, lookup, factory.now())
        except ValueError as error:
            raise KubectlError(str(error)) from None


def _is_not_found(error: Exception) -> bool:
    return isinstance(error, StatusError) and error.reason == "NotFound"


COMMAND = Command(
    "describe (-f FILENAME | TYPE [NAME_PREFIX | -l label] | TYPE/NAME)",
    DescribeOptions,
    FLAGS,
    long="""
Show the details of a resource or group of resources.

 Prints everything that matters about the chosen objects, along with what belongs to them, such as events and
controllers. Objects are chosen by name, by type, by label selector or by the beginning of their names. For example:

    $ kubectl describe TYPE NAME_PREFIX

 looks for an object of exactly this name first. Where there is none, every object whose name begins with
NAME_PREFIX is described.

Use "kubectl api-resources" for a complete list of supported resources.
""",
    example="""
        # Describe a node
        kubectl describe nodes node-1

        # Describe a pod
        kubectl describe pods/web

        # Describe the pod that a file names
        kubectl describe -f pod.yaml

        # Describe all pods
        kubectl describe pods

        # Describe the pods with a label
        kubectl describe pods -l app=web

        # Describe the pods whose names begin with "web-"
        kubectl describe pods web-
        """,
)
