"""A request to the apiserver and its answer, whichever way it came in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minikctl.apimachinery.resources import Resource

Obj = dict[str, Any]

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"

# What an apiserver reads of a request's body (limitedReadBody).
BODY_LIMIT = 3 * 1024 * 1024


class UserInfo:
    """Who asks: name, uid, groups and extra, as authentication or impersonation found them."""

    __slots__ = ("extra", "groups", "name", "uid")

    def __init__(
        self, name: str, groups: Iterable[str] = (), uid: str = "", extra: dict[str, list[str]] | None = None
    ) -> None:
        self.name = name
        self.groups = tuple(groups)
        self.uid = uid
        self.extra = extra or {}


class Request:
    """One API request.

    `verb` is the API verb (get, list, watch, create, update, patch, delete, deletecollection);
    for a non-resource request `resource` is None, `path` the URL path and `verb` the lower-case
    HTTP method. `options` holds the query parameters under their wire names (labelSelector,
    fieldSelector, limit, continue, resourceVersion, dryRun, fieldManager, fieldValidation, force,
    propagationPolicy, gracePeriodSeconds, preconditions, ...) as Python values. `accept` is
    "object", "table" or "metadata" (PartialObjectMetadata). `impersonate` is whom to act as.

    `notes` are annotations for the audit log; None where nobody keeps one. `repeated` is what strict decoding says of
    equal keys in the body.

    `trusted`: the body of a create or update comes from a component of this process, which has made it
    as the apiserver itself would write it and gives it away. It need not be checked for its form, nor a
    status for its validity; it may become the stored object, and what is answered may not be altered. Nobody
    is warned.

    `answers` are what webhooks have answered so far (see the apiserver's `admission.webhooks.conversation`).
    """

    __slots__ = (
        "accept", "answers", "body", "impersonate", "name", "namespace", "notes", "options", "patch_type",
        "path", "repeated", "resource", "subresource", "trusted", "user", "user_agent", "verb",
    )  # fmt: skip

    def __init__(
        self,
        verb: str,
        user: UserInfo,
        resource: Resource | None = None,
        namespace: str = "",
        name: str = "",
        subresource: str = "",
        body: Any = None,
        patch_type: str = "",
        options: dict[str, Any] | None = None,
        accept: str = "object",
        path: str = "",
        user_agent: str = "",
        impersonate: UserInfo | None = None,
        trusted: bool = False,
    ) -> None:
        self.verb = verb
        self.user = user
        self.resource = resource
        self.namespace = namespace
        self.name = name
        self.subresource = subresource
        self.body = body
        self.patch_type = patch_type
        self.options = options or {}
        self.accept = accept
        self.path = path
        self.user_agent = user_agent
        self.impersonate = impersonate
        self.trusted = trusted
        self.notes: dict[str, str] | None = None
        self.answers: Any = None
        self.repeated: list[str] = []


class Response:
    """What the apiserver answered: HTTP code, the object (or list, Table, Status), warnings."""

    __slots__ = ("code", "object", "warnings")

    def __init__(self, obj: Any, code: int = 200, warnings: list[str] | None = None) -> None:
        self.object = obj
        self.code = code
        self.warnings = warnings or []


class Change:
    """One entry of the change log: ADDED, MODIFIED or DELETED, with the object after (or last seen).

    `object` and `old()` (the object before the change, None for ADDED) are decoded when asked for.
    Both are shared between all who read the change: they may not be altered. `part` and `old_part` are
    what a function makes of them, which may be remembered for others who ask for the same part.
    """

    __slots__ = ("_object", "_old", "name", "namespace", "resource", "revision", "type")

    def __init__(
        self, revision: int, type_: str, resource: str, namespace: str, name: str, obj: Any, old: Any = None
    ) -> None:
        self.revision = revision
        self.type = type_
        self.resource = resource
        self.namespace = namespace
        self.name = name
        self._object = obj
        self._old = old

    @property
    def object(self) -> Obj:
        if callable(self._object):
            self._object = self._object()
        result: Obj = self._object
        return result

    def old(self) -> Obj | None:
        if callable(self._old):
            self._old = self._old()
        result: Obj | None = self._old
        return result

    def part(self, make: Callable[[Obj], Obj]) -> Obj:
        return make(self.object)

    def old_part(self, make: Callable[[Obj], Obj]) -> Obj | None:
        old = self.old()
        return None if old is None else make(old)
