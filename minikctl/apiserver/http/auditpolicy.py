"""What the audit log is to have of which requests: a Policy of audit.k8s.io/v1.

The first rule that a request matches decides; a request that matches none is not logged. Counterparts:
apiserver's `audit/policy` and `apis/audit/validation`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from minikctl.apimachinery import errors, field
from minikctl.apimachinery.field import FieldError
from minikctl.apiserver.validation.names import is_dns1123_subdomain

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj, UserInfo
    from minikctl.apiserver.http.requestinfo import RequestInfo

LEVELS = ("None", "Metadata", "Request", "RequestResponse")
STAGES = ("RequestReceived", "ResponseStarted", "ResponseComplete", "Panic")
_VERSIONS = tuple(f"audit.k8s.io/{version}" for version in ("v1beta1", "v1alpha1", "v1"))


class Verdict(NamedTuple):
    """How much of a request is logged, at which of its stages not, and whether without managed fields."""

    level: str
    omitted: frozenset[str] = frozenset()
    plain: bool = False

    def reaches(self, level: str) -> bool:
        return LEVELS.index(self.level) >= LEVELS.index(level)


class PolicyError(Exception):
    """A policy that cannot be used."""


class Policy:
    """The rules, in order."""

    def __init__(self, spec: Obj) -> None:
        """PolicyError where `spec` is not a valid Policy."""
        if spec.get("apiVersion") not in _VERSIONS or spec.get("kind") != "Policy":
            group, _, version = str(spec.get("apiVersion", "")).rpartition("/")
            what = f"{group}/{version}, Kind={spec.get('kind', '')}"
            raise PolicyError(f"unknown group version field {what} in policy")
        rules = spec.get("rules") or []
        problems = [problem for index, rule in enumerate(rules) for problem in _problems(rule, f"rules[{index}]")]
        if problems:
            raise PolicyError(errors.aggregate(problems))
        if not rules:
            raise PolicyError("loaded illegal policy with 0 rules")
        self._rules = [(rule, _verdict(rule, spec)) for rule in rules]
        self._default = Verdict("None")

    def verdict(self, info: RequestInfo, user: UserInfo | None) -> Verdict:
        """What the first rule that matches a request says."""
        for rule, verdict in self._rules:
            if _matches(rule, info, user):
                return verdict
        return self._default


def everything() -> Policy:
    """Every request at level Metadata: the log of who has no policy."""
    return Policy({"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": [{"level": "Metadata"}]})


def load(text: str) -> Policy:
    """The policy in a YAML or JSON document; PolicyError where it is none."""
    import yaml

    try:
        spec = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise PolicyError(f"failed decoding: {error}") from None
    if not isinstance(spec, dict):
        raise PolicyError("failed decoding: couldn't get version/kind; not an object")
    try:
        return Policy(spec)
    except (AttributeError, TypeError) as error:
        raise PolicyError(f"failed decoding: {error}") from None


def _verdict(rule: Obj, policy: Obj) -> Verdict:
    omitted = frozenset([*(policy.get("omitStages") or ()), *(rule.get("omitStages") or ())])
    own = rule.get("omitManagedFields")
    return Verdict(rule["level"], omitted, bool(policy.get("omitManagedFields") if own is None else own))


def _matches(rule: Obj, info: RequestInfo, user: UserInfo | None) -> bool:
    users, groups, verbs = rule.get("users"), rule.get("userGroups"), rule.get("verbs")
    if users and (user is None or user.name not in users):
        return False
    if groups and (user is None or not set(groups) & set(user.groups)):
        return False
    if verbs and info.verb not in verbs:
        return False
    if rule.get("namespaces") or rule.get("resources"):
        return bool(info.plural) and _matches_resource(rule, info)
    urls = rule.get("nonResourceURLs")
    return not urls or (not info.plural and any(_matches_path(url, info.path) for url in urls))


def _matches_path(url: str, path: str) -> bool:
    return url in ("*", path) or (url.endswith("*") and path.startswith(url.rstrip("*")))


def _matches_resource(rule: Obj, info: RequestInfo) -> bool:
    if rule.get("namespaces") and info.namespace not in rule["namespaces"]:
        return False
    rows = rule.get("resources") or ()
    return not rows or any(_matches_row(row, info) for row in rows)


def _matches_row(row: Obj, info: RequestInfo) -> bool:
    if (row.get("group") or "") != info.group:
        return False
    wanted = row.get("resources")
    if not wanted:
        return True
    if row.get("resourceNames") and info.name not in row["resourceNames"]:
        return False
    sub = info.subresource
    names = {"*", f"{info.plural}/{sub}" if sub else info.plural, f"{info.plural}/*"} | ({f"*/{sub}"} if sub else set())
    return not names.isdisjoint(wanted)


def _problems(rule: Obj, path: str) -> list[FieldError]:
    found = []
    level = rule.get("level") or ""
    if not level:
        found.append(field.required(f"{path}.level"))
    elif level not in LEVELS:
        found.append(field.not_supported(f"{path}.level", level, LEVELS))
    urls = rule.get("nonResourceURLs") or ()
    found += _each(urls, f"{path}.nonResourceURLs", _url_problem)
    for row in rule.get("resources") or ():
        found += _row_problems(row, f"{path}.resources")
    stages = rule.get("omitStages") or ()
    allowed = "allowed stages are " + ",".join(STAGES)
    found += _each(stages, f"{path}.omitStages", lambda stage: "" if stage in STAGES else allowed)
    if urls and (rule.get("resources") or rule.get("namespaces")):
        why = "rules cannot apply to both regular resources and non-resource URLs"
        found.append(field.invalid(f"{path}.nonResourceURLs", urls, why))
    return found


def _each(values: Iterable[Any], path: str, problem: Callable[[Any], str]) -> list[FieldError]:
    found = ((index, value, problem(value)) for index, value in enumerate(values))
    return [field.invalid(f"{path}[{index}]", value, why) for index, value, why in found if why]


def _url_problem(url: str) -> str:
    if url == "*":
        return ""
    if not url.startswith("/"):
        return "non-resource URL rules must begin with a '/' character"
    return "non-resource URL wildcards '*' must be the final character of the rule" if "*" in url[:-1] else ""


def _row_problems(row: Obj, path: str) -> list[FieldError]:
    found = []
    group = row.get("group") or ""
    if group:
        texts = is_dns1123_subdomain(group)
        if texts:
            found.append(field.invalid(f"{path}.group", group, ",".join(texts)))
    if row.get("resourceNames") and not row.get("resources"):
        why = "using resourceNames requires at least one resource"
        found.append(field.invalid(f"{path}.resourceNames", row["resourceNames"], why))
    return found
