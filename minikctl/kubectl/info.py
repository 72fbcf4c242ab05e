"""One object a command works on: where it comes from, what it is called, its current content.

Made by the builder, used by every command. Upstream counterpart: cli-runtime's `resource.Info`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import Obj
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flags import quote

if TYPE_CHECKING:
    from minikctl.apimachinery.resources import Resource
    from minikctl.client.client import Client


class Info:
    """An object: resource row (None when --local), namespace, name, content and source."""

    __slots__ = ("name", "namespace", "object", "resource", "source")

    def __init__(
        self, resource: Resource | None, namespace: str, name: str, obj: Obj | None = None, source: str = ""
    ) -> None:
        self.resource = resource
        self.namespace = namespace
        self.name = name
        self.object = obj
        self.source = source

    @property
    def namespaced(self) -> bool:
        return self.resource is not None and self.resource.namespaced

    @property
    def row(self) -> Resource:
        """The resource; only --local infos have none."""
        if self.resource is None:
            raise KubectlError("the server's resource types are not known with --local")
        return self.resource

    @property
    def obj(self) -> Obj:
        """The content; a builder that requires objects has fetched it."""
        if self.object is None:
            raise KubectlError(f"{self.object_name()}: no object")
        return self.object

    def object_name(self) -> str:
        """RESOURCE/NAME as in `pods/web`."""
        return f"{self.row.plural}/{self.name}"

    def require_name(self) -> None:
        """Refuse, as client-go does before it sends a request, to ask for an object without a name."""
        if not self.name:
            raise KubectlError("resource name may not be empty")

    def create(self, client: Client, obj: Obj, **options: Any) -> None:
        """Create the object, whatever resourceVersion it says, and keep what the server answers."""
        self.require_version("post")
        metadata = obj.get("metadata")
        if isinstance(metadata, dict) and metadata.get("resourceVersion"):
            obj = {**obj, "metadata": {key: item for key, item in metadata.items() if key != "resourceVersion"}}
        self.refresh(client.create(self.row, obj, self.namespace, **options))

    def require_version(self, verb: str) -> None:
        """Fail as the server does on the path that client-go makes of an object without apiVersion."""
        version = self.object.get("apiVersion") if self.source and self.object is not None else "known"
        if not version or not isinstance(version, str):
            what = f"{verb} {self.row.plural}" if verb == "post" else f"{verb} {self.row.plural} {self.name}"
            raise StatusError("NotFound", f"the server could not find the requested resource ({what})", {})

    def refresh(self, obj: Obj) -> None:
        """Take in what the server answered."""
        self.object = obj
        metadata = obj.get("metadata") or {}
        self.name = metadata.get("name", self.name)
        self.namespace = metadata.get("namespace", self.namespace) if self.namespaced else ""

    def get(self, client: Client, **options: Any) -> Obj:
        """Read the object from the server and keep it."""
        self.require_name()
        self.require_version("get")
        try:
            self.object = client.get(self.row, self.name, self.namespace, **options)
        except StatusError as error:
            if error.reason == "NotFound" and self.namespace not in ("", "default"):
                _require_namespace(client, self.namespace)
            raise
        if not isinstance(self.object, dict):  # the log of a pod
            raise KubectlError("serializer for text/plain; charset=utf-8 doesn't exist")
        return self.object

    def type_text(self) -> str:
        """The resource and kind in Go's form, for `error when retrieving current configuration of`."""
        row = self.row
        version = f"{row.group}/{row.version}"
        return (
            f'Resource: "{version}, Resource={row.plural}", GroupVersionKind: "{version}, Kind={row.kind}"\n'
            f"Name: {quote(self.name)}, Namespace: {quote(self.namespace)}"
        )


def _require_namespace(client: Client, name: str) -> None:
    """Say that the namespace is missing, which tells more than that an object in it is."""
    try:
        client.get("namespaces", name)
    except StatusError as error:
        if error.reason == "NotFound":
            raise


def enhance_list_error(error: StatusError, row: Resource, label_selector: str, field_selector: str) -> StatusError:
    """A refused list says what was asked for."""
    if error.reason not in ("BadRequest", "NotFound"):
        return error
    subject = quote(f"{row.group}/{row.version}, Resource={row.plural}")
    if label_selector or field_selector:
        text = (
            f"Unable to find {subject} that match label selector {quote(label_selector)}, "
            f"field selector {quote(field_selector)}: {error.message}"
        )
    else:
        text = f"Unable to list {subject}: {error.message}"
    return StatusError(error.reason, text, error.details, error.code)
