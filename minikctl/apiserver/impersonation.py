"""Acting as somebody else: who may, for which request, and whom one is then.

What is asked first is whether the asker may do what the request does while acting as a user of that sort
(constrained impersonation, in one of four modes), then whether it may act as this user at all. Where no mode lets it,
the older right `impersonate` does, and otherwise the first refusal is told. Counterpart: apiserver's
`pkg/endpoints/filters/impersonation`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from minikctl.apimachinery.dnsnames import is_dns1123_label, is_dns1123_subdomain
from minikctl.apimachinery.errors import StatusError, aggregate
from minikctl.apimachinery.field import quote
from minikctl.apimachinery.request import Request, UserInfo
from minikctl.apiserver.authorization import Attributes, Authorizer, refusal

if TYPE_CHECKING:
    from collections.abc import Iterable

ANONYMOUS = "system:anonymous"
AUTHENTICATED = "system:authenticated"
_UNAUTHENTICATED = "system:unauthenticated"
_MASTERS = "system:masters"
_GROUP = "authentication.k8s.io"
_NODE_NAME = "authentication.kubernetes.io/node-name"
_MANY = 4  # so many things of a sort are asked for at once before they are asked for one by one


def impersonate(authorizer: Authorizer, request: Request) -> UserInfo:
    """The user to act as for this request, once the asker is allowed to; Forbidden otherwise."""
    wanted = request.impersonate
    assert wanted is not None
    asked = Attributes.of(request, request.verb)
    refused: StatusError | None = None
    for mode, applies in _MODES:
        if not applies(wanted, asked.user):
            continue
        try:
            if mode:
                _check(authorizer, _with(asked, verb=f"impersonate-on:{mode}:{asked.verb}"))
            return _Rights(authorizer, asked.user, mode).check(wanted)
        except StatusError as error:
            refused = refused or error
    assert refused is not None  # the last mode applies to everybody
    raise refused


def service_account_of(name: str) -> tuple[str, str] | None:
    """Namespace and name of the service account that a user name stands for."""
    parts = name.split(":")
    if parts[:2] != ["system", "serviceaccount"] or len(parts) != 4:
        return None
    namespace, account = parts[2:]
    return None if is_dns1123_label(namespace) or is_dns1123_subdomain(account) else (namespace, account)


def node_of(name: str) -> str:
    """The node that a user name stands for; "" for none."""
    node = name.removeprefix("system:node:")
    return "" if node == name or is_dns1123_subdomain(node) else node


def _is_only_a_name(wanted: UserInfo) -> bool:
    return not (wanted.uid or wanted.groups or wanted.extra)


def _is_askers_node(wanted: UserInfo, asker: UserInfo) -> bool:
    node = node_of(wanted.name)
    known = asker.extra.get(_NODE_NAME) or []
    return _is_only_a_name(wanted) and bool(node) and known == [node] and service_account_of(asker.name) is not None


def _is_node(wanted: UserInfo, _: UserInfo) -> bool:
    return _is_only_a_name(wanted) and bool(node_of(wanted.name))


def _is_service_account(wanted: UserInfo, _: UserInfo) -> bool:
    return _is_only_a_name(wanted) and service_account_of(wanted.name) is not None


def _is_other(wanted: UserInfo, _: UserInfo) -> bool:
    return not node_of(wanted.name) and service_account_of(wanted.name) is None


def _is_anybody(_wanted: UserInfo, _asker: UserInfo) -> bool:
    return True


# The modes in the order they are tried, and for whom each is; the last is the right of old, without a name.
_MODES: tuple[tuple[str, Callable[[UserInfo, UserInfo], bool]], ...] = (
    ("associated-node", _is_askers_node),
    ("arbitrary-node", _is_node),
    ("serviceaccount", _is_service_account),
    ("user-info", _is_other),
    ("", _is_anybody),
)


class _Rights:
    """The questions of one mode about everything that is asked to be."""

    def __init__(self, authorizer: Authorizer, asker: UserInfo, mode: str) -> None:
        self.authorizer = authorizer
        self.asker = asker
        self.mode = mode
        self.verb = f"impersonate:{mode}" if mode else "impersonate"
        # Only in the older form are users and groups of the core group.
        self.group = _GROUP if mode else ""

    def check(self, wanted: UserInfo) -> UserInfo:
        """The user one is then; Forbidden where anything of it is not allowed."""
        groups = self._name(wanted)
        if wanted.uid:
            self._ask(_GROUP, "uids", wanted.uid)
        if wanted.groups:
            self._groups(wanted.groups)
        if wanted.extra:
            self._extra(wanted.extra)
        if wanted.name == ANONYMOUS:
            groups += [_UNAUTHENTICATED] if _UNAUTHENTICATED not in groups else []
        elif _UNAUTHENTICATED not in groups and AUTHENTICATED not in groups:
            groups.append(AUTHENTICATED)
        return UserInfo(wanted.name, groups, wanted.uid, wanted.extra)

    def _name(self, wanted: UserInfo) -> list[str]:
        """Ask for the name; the groups that were asked for or that come with it."""
        groups = list(wanted.groups)
        account, node = service_account_of(wanted.name), node_of(wanted.name)
        if account is not None:
            namespace, name = account
            self._ask(self.group, "serviceaccounts", name, namespace)
            return groups or ["system:serviceaccounts", f"system:serviceaccounts:{namespace}"]
        if self.mode and node:
            self._ask(self.group, "nodes", "*" if self.mode == "associated-node" else node)
            return ["system:nodes"]
        self._ask(self.group, "users", wanted.name)
        return groups

    def _groups(self, groups: Iterable[str]) -> None:
        names = list(groups)
        if self.mode and "" in names:
            raise self._refused(self.group, "groups", "", "impersonating the empty string group is not allowed")
        if self.mode and _MASTERS in names:
            raise self._refused(self.group, "groups", _MASTERS, f"impersonating the {_MASTERS} group is not allowed")
        if self.mode and len(names) >= _MANY and self._may(self.group, "groups", "*"):
            return
        for name in names:
            self._ask(self.group, "groups", name)

    def _extra(self, extra: dict[str, list[str]]) -> None:
        if self.mode and (why := _bad_extra(extra)):
            raise self._refused(_GROUP, "userextras", "", why)
        many = len(extra) >= _MANY or sum(len(values) for values in extra.values()) >= _MANY
        if self.mode and many and self._may(_GROUP, "userextras", "*", subresource="*"):
            return
        for key, values in extra.items():
            for value in values:
                self._ask(_GROUP, "userextras", value, subresource=key)

    def _attributes(self, group: str, resource: str, name: str, namespace: str, subresource: str) -> Attributes:
        return Attributes(self.asker, self.verb, group, resource, subresource, namespace, name)

    def _ask(self, group: str, resource: str, name: str, namespace: str = "", subresource: str = "") -> None:
        _check(self.authorizer, self._attributes(group, resource, name, namespace, subresource))

    def _may(self, group: str, resource: str, name: str, subresource: str = "") -> bool:
        return self.authorizer.decide(self._attributes(group, resource, name, "", subresource)).allowed

    def _refused(self, group: str, resource: str, name: str, why: str) -> StatusError:
        return refusal(self._attributes(group, resource, name, "", ""), why)


def _bad_extra(extra: dict[str, list[str]]) -> str:
    """What constrained impersonation does not let through; "" for nothing."""
    for key, values in extra.items():
        if not key:
            return "impersonating the empty string key in extra is not allowed"
        if problem := _bad_key(key):
            return f"impersonating an invalid key in extra is not allowed: {problem}"
        if key != key.lower():
            return f"impersonating a non-lowercase key in extra is not allowed: {quote(key)}"
        if not values:
            return "impersonating empty values in extra is not allowed"
        if "" in values:
            return "impersonating the empty string value in extra is not allowed"
    return ""


def _bad_key(key: str) -> str:
    """Why a key is no path with a domain in front; "" for nothing."""
    from minikctl.apiserver.validation.networking import domain_prefixed_path

    found = [str(error) for error in domain_prefixed_path(key, "extra.key")]
    return aggregate(found) if found else ""


def _with(a: Attributes, verb: str) -> Attributes:
    return Attributes(
        a.user, verb, a.group, a.resource, a.subresource, a.namespace, a.name, a.path, a.version, a.fields
    )


def _check(authorizer: Authorizer, attributes: Attributes) -> None:
    decision = authorizer.decide(attributes)
    if not decision.allowed:
        raise refusal(attributes, decision.reason)
