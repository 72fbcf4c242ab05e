"""PodSecurity: what a namespace's pod-security labels let pods do (privileged, baseline, restricted).

Enforced on pods, warned about for everything with a pod template and for pods that are there when
the level rises. Counterpart of `k8s.io/pod-security-admission/admission`; no exemptions.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from minikctl.apiserver.admission.podsecurity.levels import PREFIX, LevelVersion, Policy, compare, policy_of
from minikctl.apiserver.admission.refusal import forbidden

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.apiserver.registry.context import Context

_PODS_CHECKED = 3000
_SECCOMP_POD = "seccomp.security.alpha.kubernetes.io/pod"
_SECCOMP_CONTAINER = "container.seccomp.security.alpha.kubernetes.io/"


def validate(obj: Obj | None, old: Obj | None, ctx: Context) -> None:
    """Refuse pods below the enforced level; warn about templates and existing pods."""
    assert obj is not None
    if ctx.resource.key == "namespaces":
        _namespace(obj, old, ctx)
        return
    namespace = ctx.reader.peek("namespaces", "", ctx.namespace)
    labels = ((namespace or {}).get("metadata") or {}).get("labels") or {}
    policy, _ = policy_of(labels)
    if ctx.resource.key == "pods":
        if old is None or policy.is_privileged() or _significant(obj, old):
            if ctx.audited:
                ctx.note(f"{PREFIX}enforce-policy", str(policy.enforce))
            if not policy.is_privileged():
                _pod(obj, policy, ctx)
    elif policy.warn.level != "privileged" or (ctx.audited and policy.audit.level != "privileged"):
        template = _template(obj, ctx.resource.key)
        if template:
            _note(template, policy, ctx)
            _warn(template, policy, ctx)


def _pod(pod: Obj, policy: Policy, ctx: Context) -> None:
    from minikctl.apiserver.admission.podsecurity.checks import violations

    _note(pod, policy, ctx)
    found = violations(policy.enforce, pod)
    if found:
        why = ", ".join(violation.text for violation in found)
        raise forbidden(pod, ctx, f"violates PodSecurity {json.dumps(str(policy.enforce))}: {why}")
    _warn(pod, policy, ctx)


def _warn(pod: Obj, policy: Policy, ctx: Context) -> None:
    text = _would_violate(policy.warn, pod)
    if text:
        ctx.warnings.append(text)


def _note(pod: Obj, policy: Policy, ctx: Context) -> None:
    text = _would_violate(policy.audit, pod) if ctx.audited else ""
    if text:
        ctx.note(f"{PREFIX}audit-violations", text)


def _would_violate(level: LevelVersion, pod: Obj) -> str:
    """What a pod would violate if a level were enforced; "" where that is nothing."""
    from minikctl.apiserver.admission.podsecurity.checks import violations

    why = ", ".join(violation.text for violation in violations(level, pod))
    return f"would violate PodSecurity {json.dumps(str(level))}: {why}" if why else ""


def _template(obj: Obj, resource_key: str) -> Obj | None:
    if resource_key == "podtemplates":
        found = obj.get("template")
    elif resource_key == "cronjobs.batch":
        found = obj["spec"]["jobTemplate"]["spec"]["template"]
    else:
        found = obj["spec"].get("template")
    return found if isinstance(found, dict) else None


def _namespace(new: Obj, old: Obj | None, ctx: Context) -> None:
    from minikctl.apimachinery import errors

    policy, problems = policy_of(new["metadata"].get("labels") or {})
    before, known_problems = policy_of((old or {}).get("metadata", {}).get("labels") or {})
    texts = [str(problem) for problem in problems]
    if problems and (old is None or texts != [str(problem) for problem in known_problems]):
        raise errors.invalid("Namespace", new["metadata"].get("name", ""), problems)
    enforce = policy.enforce
    if old is None or enforce == before.enforce or enforce.level == "privileged":
        return
    if enforce.version == before.enforce.version and compare(enforce.level, before.enforce.level) < 1:
        return
    ctx.warnings.extend(_existing(new["metadata"]["name"], enforce, ctx))


def _existing(namespace: str, enforce: LevelVersion, ctx: Context) -> list[str]:
    """What the pods that are already there do against a new level, alike ones in one line."""
    from minikctl.apiserver.admission.podsecurity.checks import violations

    pods = _prioritized(ctx.reader.list("pods", namespace))
    offenders: dict[str, list[str]] = {}
    for pod in pods[:_PODS_CHECKED]:
        found = violations(enforce, pod)
        if found:
            reasons = ", ".join(violation.reason for violation in found)
            offenders.setdefault(reasons, []).append(pod["metadata"]["name"])
    warnings = []
    if len(pods) > _PODS_CHECKED:
        counts = f"{_PODS_CHECKED} of {len(pods)}"
        warnings.append(f"new PodSecurity enforce level only checked against the first {counts} existing pods")
    if offenders:
        level = json.dumps(str(enforce))
        warnings.append(
            f"existing pods in namespace {json.dumps(namespace)} violate the new PodSecurity enforce level {level}"
        )
    return warnings + sorted(_about(names, reasons) for reasons, names in offenders.items())


def _prioritized(pods: list[Obj]) -> list[Obj]:
    """The pods without a controller and one of each controller's, then the others, which are alike."""
    first: list[Obj] = []
    others: list[Obj] = []
    known: set[str] = set()
    for pod in pods:
        owners = pod["metadata"].get("ownerReferences") or ()
        controller = next((str(owner.get("uid")) for owner in owners if owner.get("controller")), None)
        (others if controller in known else first).append(pod)
        if controller is not None:
            known.add(controller)
    return first + others


def _about(names: list[str], reasons: str) -> str:
    others = len(names) - 1
    more = {0: "", 1: " (and 1 other pod)"}.get(others, f" (and {others} other pods)")
    return f"{min(names)}{more}: {reasons}"


def _significant(new: Obj, old: Obj) -> bool:
    """Whether an update touches what a level is about: images, seccomp annotations, the set of containers."""
    notes = new["metadata"].get("annotations") or {}
    before = old["metadata"].get("annotations") or {}
    if notes.get(_SECCOMP_POD) != before.get(_SECCOMP_POD):
        return True
    for group in ("containers", "initContainers"):
        if len(new["spec"].get(group) or ()) != len(old["spec"].get(group) or ()):
            return True
    for group in ("containers", "initContainers", "ephemeralContainers"):
        known = {container["name"]: container for container in old["spec"].get(group) or ()}
        for container in new["spec"].get(group) or ():
            same = known.get(container["name"])
            key = _SECCOMP_CONTAINER + container["name"]
            if same is None or container.get("image") != same.get("image") or notes.get(key) != before.get(key):
                return True
    return False
