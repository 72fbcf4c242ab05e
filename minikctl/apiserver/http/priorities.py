"""Which FlowSchema and priority level a request belongs to, as two headers of its answer say.

Nothing is ever held back: there is one process, and it answers in turn. Counterpart of apiserver's
`util/flowcontrol` (rule matching) and the priority and fairness filter's response headers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minikctl.apimachinery.flowcontrol import LEVELS, SCHEMAS

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj, Request, UserInfo
    from minikctl.apiserver.registry.reader import Reader

Header = tuple[bytes, bytes]

_ACCOUNT = "system:serviceaccount:"
_REMEMBERED = 4096


class Priorities:
    """Tells requests apart by the cluster's FlowSchemas; what it has told is remembered until they change."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._schemas: list[Obj] | None = None
        self._ordered: list[Obj] = []
        self._known: dict[Any, list[Header]] = {}

    def headers(self, request: Request) -> list[Header]:
        """The headers of the answer to a request; none where no FlowSchema matches."""
        schemas = self._reader.peek_all(SCHEMAS)
        if schemas is not self._schemas or len(self._known) > _REMEMBERED:
            self._schemas = schemas
            self._ordered = sorted(schemas, key=_precedence)
            self._known.clear()
        resource = request.resource
        asked = (resource.key, request.subresource, request.namespace) if resource is not None else request.path
        key = (request.user.name, request.user.groups, request.verb, asked)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._find(request)
        return found

    def _find(self, request: Request) -> list[Header]:
        for schema in self._ordered:
            if any(_matches(rule, request) for rule in schema["spec"].get("rules") or ()):
                level = self._reader.get(LEVELS, "", schema["spec"]["priorityLevelConfiguration"]["name"])
                uid = level["metadata"]["uid"] if level is not None else ""
                return [
                    (b"x-kubernetes-pf-flowschema-uid", schema["metadata"]["uid"].encode()),
                    (b"x-kubernetes-pf-prioritylevel-uid", uid.encode()),
                ]
        return []


def _precedence(schema: Obj) -> tuple[int, str]:
    return schema["spec"].get("matchingPrecedence", 0), schema["metadata"]["name"]


def _matches(rule: Obj, request: Request) -> bool:
    if not any(_is(subject, request.user) for subject in rule.get("subjects") or ()):
        return False
    if request.resource is None:
        return any(_non_resource(each, request) for each in rule.get("nonResourceRules") or ())
    return any(_resource(each, request) for each in rule.get("resourceRules") or ())


def _is(subject: Obj, user: UserInfo) -> bool:
    kind = subject["kind"]
    if kind == "User":
        return subject["user"]["name"] in ("*", user.name)
    if kind == "Group":
        return subject["group"]["name"] == "*" or subject["group"]["name"] in user.groups
    account = subject["serviceAccount"]
    prefix = f"{_ACCOUNT}{account['namespace']}:"
    return user.name.startswith(prefix) and account["name"] in ("*", user.name.removeprefix(prefix))


def _resource(rule: Obj, request: Request) -> bool:
    resource = request.resource
    assert resource is not None
    name = f"{resource.plural}/{request.subresource}" if request.subresource else resource.plural
    return (
        _among(request.verb, rule["verbs"])
        and _among(resource.group, rule["apiGroups"])
        and _among(name, rule["resources"])
        and (_among(request.namespace, rule.get("namespaces") or ()) if request.namespace else _cluster(rule))
    )


def _cluster(rule: Obj) -> bool:
    return bool(rule.get("clusterScope"))


def _non_resource(rule: Obj, request: Request) -> bool:
    return _among(request.verb, rule["verbs"]) and any(
        url == request.path or (url.endswith("*") and request.path.startswith(url[:-1]))
        for url in rule["nonResourceURLs"]
    )


def _among(value: str, allowed: list[str] | tuple[str, ...]) -> bool:
    return "*" in allowed or value in allowed
