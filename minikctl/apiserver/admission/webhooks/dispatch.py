"""Which webhooks a request concerns, what they are asked, and what their answers mean.

Counterpart of `apiserver/pkg/admission/plugin/webhook/{generic,request,errors}`.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery import errors
from minikctl.apimachinery.field import quote
from minikctl.apiserver.admission import matching

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.apiserver.registry.context import Context

# On a configuration: what to take for the answer where emulated pods would have to give it.
EMULATED_ANSWER = "minikctl.dev/emulated-answer"
# Programs whose emulated webhook lets everything pass: it tests what only the real one could know.
_VERSIONS = ("v1", "v1beta1")
_CONTENT = ("ingress-nginx/controller",)


class Answer:
    """A webhook's response: allowed or not, its warnings, its patch, what the audit log is to have."""

    __slots__ = ("allowed", "notes", "patch", "status", "warnings")

    def __init__(self, response: Obj) -> None:
        self.allowed = bool(response.get("allowed"))
        self.status: Obj = response.get("status") or {}
        self.warnings: list[str] = list(response.get("warnings") or ())
        self.notes: dict[str, str] = response.get("auditAnnotations") or {}
        self.patch: list[Obj] | None = None

    def take(self, webhook: Obj, ctx: Context) -> None:
        """Pass the warnings and audit annotations on; the denial where it is one."""
        ctx.warnings.extend(self.warnings)
        for key, value in self.notes.items():
            ctx.note(f"{webhook['name']}/{key}", str(value))
        if not self.allowed:
            raise denial(webhook["name"], self.status)


def webhooks(kind: str, obj: Obj | None, old: Obj | None, ctx: Context) -> Iterator[tuple[Obj, Obj]]:
    """The (configuration, webhook) pairs that concern the request, in order."""
    if ctx.resource.key in matching.WEBHOOKS or ctx.resource.key in matching.POLICIES:
        return
    for configuration in ctx.reader.peek_all(kind):
        for webhook in configuration.get("webhooks") or ():
            if matching.matches(webhook, obj, old, ctx, "rules") and _conditions_hold(webhook, obj, old, ctx):
                yield configuration, webhook


def _conditions_hold(webhook: Obj, obj: Obj | None, old: Obj | None, ctx: Context) -> bool:
    conditions = webhook.get("matchConditions")
    if not conditions:
        return True
    from minikctl.apimachinery import cel
    from minikctl.apiserver.admission.policies.evaluation import Evaluation
    from minikctl.apiserver.admission.refusal import forbidden

    try:
        return Evaluation({"spec": {"matchConditions": conditions}}, obj, old, None, ctx).conditions_hold()
    except cel.EvaluationError as error:
        if webhook.get("failurePolicy") == "Ignore":
            return False
        raise forbidden(obj or old, ctx, str(error)) from None


def ask(configuration: Obj, webhook: Obj, obj: Obj | None, old: Obj | None, ctx: Context) -> Answer | None:
    """A webhook's answer; None where it cannot be asked and may be passed over."""
    from minikctl.apiserver.admission.webhooks import transport

    name = webhook["name"]
    uid = ctx.rand.uid()
    version = next((one for one in webhook.get("admissionReviewVersions") or () if one in _VERSIONS), "v1")
    try:
        answer = transport.post(webhook, _review(uid, version, obj, old, ctx), ctx.reader)
        return _read(answer, uid, version, configuration["kind"].startswith("Mutating"))
    except transport.CallError as error:
        if isinstance(error, transport.EmulatedError):
            fixed = _emulated_answer(configuration, error.images)
            if fixed:
                return Answer({"allowed": fixed == "allow"})
        if webhook.get("failurePolicy") == "Ignore":
            return None
        what = "" if isinstance(error, transport.AnswerError) else "failed to call webhook: "
        raise errors.internal(f'failed calling webhook "{name}": {what}{error}') from None


def _emulated_answer(configuration: Obj, images: list[str]) -> str:
    """What emulated pods answer: as the configuration says, or as known programs nearly always do."""
    fixed = (configuration["metadata"].get("annotations") or {}).get(EMULATED_ANSWER)
    if fixed in ("allow", "deny"):
        return str(fixed)
    return "allow" if any(known in image for image in images for known in _CONTENT) else ""


def _review(uid: str, version: str, obj: Obj | None, old: Obj | None, ctx: Context) -> Obj:
    from minikctl.apiserver.admission.policies.evaluation import request_of, seen

    request = {key: value for key, value in request_of(ctx, obj).items() if value not in ("", {})}
    request.setdefault("options", None)
    shown = {"uid": uid, **request}
    shown["object"] = seen(obj, ctx)
    shown["oldObject"] = seen(old, ctx)
    return {"apiVersion": f"admission.k8s.io/{version}", "kind": "AdmissionReview", "request": shown}


def _read(answer: Obj, uid: str, version: str, mutating: bool) -> Answer:
    """The response in an AdmissionReview; AnswerError where it is not one."""
    from minikctl.apiserver.admission.webhooks.transport import AnswerError

    invalid = "received invalid webhook response: "
    response = answer.get("response")
    if not isinstance(response, dict):
        raise AnswerError(f"{invalid}webhook response was absent")
    if version == "v1":
        problem = _misfit(answer, uid) or _patch_problem(response, mutating)
        if problem:
            raise AnswerError(invalid + problem)
    found = Answer(response)
    if response.get("patch") and mutating:
        kind = response.get("patchType") if version == "v1" else "JSONPatch"
        operations = _patch(response["patch"])
        if operations and kind != "JSONPatch":
            raise AnswerError(f"unsupported patch type {quote(str(kind))}")
        found.patch = operations
    return found


def _misfit(answer: Obj, uid: str) -> str:
    """What shows that an answer is not one to the request."""
    given = str(answer["response"].get("uid") or "")
    if given != uid:
        return f'expected response.uid="{uid}", got {quote(given)}'
    group_version, kind = str(answer.get("apiVersion") or ""), str(answer.get("kind") or "")
    if (group_version, kind) != ("admission.k8s.io/v1", "AdmissionReview"):
        group, _, version = group_version.rpartition("/")
        wanted = "admission.k8s.io/v1, Kind=AdmissionReview"
        return f"expected webhook response of {wanted}, got {group}/{version}, Kind={kind}"
    return ""


def _patch_problem(response: Obj, mutating: bool) -> str:
    patch, kind = response.get("patch"), response.get("patchType")
    if not mutating:
        given = "patch" if patch else "patchType" if kind is not None else ""
        return f"validating webhook may not return response.{given}" if given else ""
    if patch and kind is None:
        return "webhook returned response.patch but not response.patchType"
    if not patch and kind is not None:
        return "webhook returned response.patchType but not response.patch"
    return 'webhook returned invalid response.patchType of ""' if kind == "" else ""


def _patch(text: Any) -> list[Obj]:
    from minikctl.apiserver.admission.webhooks.transport import AnswerError

    try:
        operations = json.loads(base64.b64decode(text))
    except (ValueError, TypeError, binascii.Error) as error:
        raise AnswerError(f"received undecodable patch in webhook response: {error}") from None
    return operations if isinstance(operations, list) else []


def denial(name: str, status: Obj) -> errors.StatusError:
    """The refusal that a webhook's answer stands for."""
    said = status.get("message") or status.get("reason") or ""
    denied = f'admission webhook "{name}" denied the request'
    message = f"{denied}: {said}" if said else f"{denied} without explanation"
    code = int(status.get("code") or 0)
    return errors.StatusError(
        str(status.get("reason") or ""), message, dict(status.get("details") or {}), code if code >= 400 else 400
    )
