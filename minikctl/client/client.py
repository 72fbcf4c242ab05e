"""client-go's role: how components and kubectl ask the apiserver. One Client per user.

Resources are named by key ("pods", "deployments.apps") or by a Resource row (a certain version).
Every method raises StatusError; what it returns is a fresh dict that the caller may alter.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from typing import TYPE_CHECKING, Any, Protocol

from minikctl.apimachinery.errors import StatusError, too_large
from minikctl.apimachinery.request import APPLY_PATCH, BODY_LIMIT, Obj, Request, Response, UserInfo

if TYPE_CHECKING:
    from minikctl.apimachinery.resources import Resource, ResourceSet
    from minikctl.apimachinery.selectors import Selector

    Named = str | Resource
    Selected = str | Selector | dict[str, Any] | None


_READS = frozenset({"get", "list", "watch"})


class Transport(Protocol):
    """What a client needs of an apiserver; the in-process server is one."""

    def handle(self, request: Request) -> Response: ...
    def lookup(self, key: str) -> Resource: ...
    def resource_set(self) -> ResourceSet: ...
    def select(
        self,
        key: str,
        namespace: str,
        label: Any = None,
        owner: str | None = None,
        node: str | None = None,
        shared: bool = False,
        without: Container[str] = (),
        part: Callable[[Obj], Obj] | None = None,
    ) -> list[Obj]: ...
    def peek(self, key: str, namespace: str, name: str, shared: bool = False) -> Obj | None: ...
    def dependents(self, uid: str) -> list[tuple[str, Obj]]: ...


class Client:
    """Requests of one user. `on_request` sees each request and its response (kubectl -v=6)."""

    def __init__(
        self,
        server: Transport,
        user: UserInfo,
        user_agent: str = "",
        impersonate: UserInfo | None = None,
        lister: UserInfo | None = None,
    ) -> None:
        """`lister`: whose informers answer the reads of whole objects, for components that share a cache."""
        self.server = server
        self.user = user
        self.user_agent = user_agent
        self.impersonate = impersonate
        self.lister = lister
        self.on_request: Callable[[Request, Response | StatusError], None] | None = None
        self.on_warning: Callable[[str], None] | None = None
        self.on_path: Callable[[str, str], None] | None = None  # sees namespace and name before they are sent
        self.limited = False  # whether bodies are held to what an apiserver reads of one

    def request(self, verb: str, resource: Named | None, **fields: Any) -> Any:
        """Send one request; the object of the response. Fields are those of Request."""
        row = self.server.lookup(resource) if isinstance(resource, str) else resource
        if self.on_path is not None:
            self.on_path(fields.get("namespace", ""), fields.get("name", ""))
        user = self.user
        if self.lister is not None and verb in _READS and not fields.get("subresource"):
            user = self.lister
        if self.limited and fields.get("body") is not None:
            check_size(fields["body"])
        request = Request(verb, user, row, user_agent=self.user_agent, impersonate=self.impersonate, **fields)
        try:
            response = self.server.handle(request)
        except StatusError as error:
            self._observe(request, error)
            raise
        self._observe(request, response)
        return response.object

    def _observe(self, request: Request, response: Response | StatusError) -> None:
        if self.on_request is not None:
            self.on_request(request, response)
        if self.on_warning is not None:
            for warning in response.warnings:
                self.on_warning(warning)

    def resource_set(self) -> ResourceSet:
        """Every resource the server serves."""
        return self.server.resource_set()

    # Reading

    def get(
        self,
        resource: Named,
        name: str,
        namespace: str = "",
        subresource: str = "",
        table: bool = False,
        **options: Any,
    ) -> Obj:
        accept = "table" if table else "object"
        result: Obj = self.request(
            "get", resource, namespace=namespace, name=name, subresource=subresource, accept=accept, options=options
        )
        return result

    def find(self, resource: Named, name: str, namespace: str = "") -> Obj | None:
        """The object, or None where there is none."""
        try:
            return self.get(resource, name, namespace)
        except StatusError as error:
            if error.reason == "NotFound":
                return None
            raise

    def list(
        self,
        resource: Named,
        namespace: str = "",
        label_selector: str = "",
        field_selector: str = "",
        limit: int = 0,
        continue_: str = "",
        table: bool = False,
        **options: Any,
    ) -> Obj:
        """A list object (or a Table); one page of it where `limit` is given."""
        asked = {
            "labelSelector": label_selector,
            "fieldSelector": field_selector,
            "limit": limit,
            "continue": continue_,
        }
        options.update({name: value for name, value in asked.items() if value})
        accept = "table" if table else "object"
        result: Obj = self.request("list", resource, namespace=namespace, accept=accept, options=options)
        return result

    def items(
        self,
        resource: str,
        namespace: str = "",
        label_selector: Selected = None,
        owner: str | None = None,
        node: str | None = None,
        shared: bool = False,
        without: Container[str] = (),
        part: Callable[[Obj], Obj] | None = None,
    ) -> list_[Obj]:
        """Objects by index, as an informer's lister gives them: by owner's uid, by node, by labels.

        For components: it reads past authorization, as a lister's cache does. `shared` objects come
        cheaper where they were looked at before, and may not be altered. Those whose keys
        ("namespace/name") are in `without` are left out unread. `part`: not the objects but a part of
        each, metadata at least, made by that function and shared likewise (see Change.part).
        """
        if label_selector is not None and not hasattr(label_selector, "matches"):
            from minikctl.apimachinery import selectors

            if isinstance(label_selector, str):
                label_selector = selectors.parse(label_selector)
            else:
                label_selector = selectors.from_label_selector(label_selector)
        return self.server.select(resource, namespace, label_selector, owner, node, shared, without, part)

    def peek(self, resource: str, name: str, namespace: str = "", shared: bool = False) -> Obj | None:
        """One object, or None, as an informer's lister gives it: past authorization, like `items`."""
        return self.server.peek(resource, namespace, name, shared)

    def dependents(self, uid: str) -> list_[tuple[str, Obj]]:
        """Every object with an owner reference to this uid, with its resource key."""
        return self.server.dependents(uid)

    def watch(self, resource: Named, since: str, namespace: str = "", name: str = "", **options: Any) -> Iterator[Obj]:
        """The watch events since a resourceVersion that are there now; does not wait."""
        options["resourceVersion"] = since
        yield from self.request("watch", resource, namespace=namespace, name=name, options=options)

    # Writing

    def create(
        self,
        resource: Named,
        obj: Obj,
        namespace: str = "",
        subresource: str = "",
        name: str = "",
        trusted: bool = False,
        **options: Any,
    ) -> Obj:
        """`trusted`: see Request; the caller gives `obj` away and leaves the answer as it is."""
        result: Obj = self.request(
            "create",
            resource,
            namespace=namespace or obj.get("metadata", {}).get("namespace", ""),
            name=name,
            subresource=subresource,
            body=obj,
            options=options,
            trusted=trusted,
        )
        return result

    def update(self, resource: Named, obj: Obj, subresource: str = "", trusted: bool = False, **options: Any) -> Obj:
        """`trusted`: see Request; only the object itself and its metadata must be the caller's own to give away."""
        meta = obj["metadata"]
        result: Obj = self.request(
            "update",
            resource,
            namespace=meta.get("namespace", ""),
            name=meta["name"],
            subresource=subresource,
            body=obj,
            options=options,
            trusted=trusted,
        )
        return result

    def patch(
        self,
        resource: Named,
        name: str,
        patch: Any,
        patch_type: str,
        namespace: str = "",
        subresource: str = "",
        **options: Any,
    ) -> Obj:
        """`patch_type` is one of request.JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH."""
        result: Obj = self.request(
            "patch",
            resource,
            namespace=namespace,
            name=name,
            subresource=subresource,
            body=patch,
            patch_type=patch_type,
            options=options,
        )
        return result

    def apply(self, resource: Named, obj: Obj, field_manager: str, force: bool = False, **options: Any) -> Obj:
        """Server-side apply."""
        meta = obj["metadata"]
        subresource = options.pop("subresource", "")
        namespace = options.pop("namespace", "") or meta.get("namespace", "")
        return self.patch(
            resource,
            meta["name"],
            obj,
            APPLY_PATCH,
            namespace,
            subresource,
            fieldManager=field_manager,
            force=force,
            **options,
        )

    def delete(self, resource: Named, name: str, namespace: str = "", **options: Any) -> Obj:
        """Options: propagationPolicy, gracePeriodSeconds, preconditions={"uid": ...}, dryRun."""
        result: Obj = self.request("delete", resource, namespace=namespace, name=name, options=options)
        return result


def check_size(body: Any) -> None:
    """Refuse (RequestEntityTooLarge) a body that an apiserver would not read to its end."""
    import json

    if not isinstance(body, (dict, list_)):  # what is carried on to a pod is no object of the API
        return
    text = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
    if len(text) > BODY_LIMIT // 4 and len(text.encode(errors="replace")) > BODY_LIMIT:
        raise too_large(BODY_LIMIT)


list_ = list  # the class has a method of that name
