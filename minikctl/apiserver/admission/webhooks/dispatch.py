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
from minikctl.apiserver.admission import matching

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.apiserver.registry.context import Context

# On a configuration: what to take for the answer where emulated pods would have to give it.
EMULATED_ANSWER = "minikctl.dev/emulated-answer"
# Programs whose emulated webhook lets everything pass: it tests what only the real one could know.
_CONTENT = ("ingress-nginx/controller",)
_REVIEW = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"}
_OPTIONS = {"CREATE": "CreateOptions", "UPDATE": "UpdateOptions", "DELETE": "DeleteOptions"}


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
    from minikctl.apiserver.admission.policies.evaluation import Evaluation, conditions_hold
    from minikctl.apiserver.admission.refusal import forbidden

    run = Evaluation({"spec": {}}, obj, old, None, ctx)
    try:
        return conditions_hold(conditions, run.value)
    except cel.EvaluationError as error:
        if webhook.get("failurePolicy") == "Ignore":
            return False
        raise forbidden(obj or old, ctx, str(error)) from None


def ask(configuration: Obj, webhook: Obj, obj: Obj | None, old: Obj | None, ctx: Context) -> Answer | None:
    """A webhook's answer; None where it cannot be asked and may be passed over."""
    from minikctl.apiserver.admission.webhooks import transport

    name = webhook["name"]
    uid = ctx.rand.uid()
    try:
        answer = transport.post(webhook, _review(uid, obj, old, ctx), ctx.reader)
        return _read(answer, uid)
    except transport.CallError as error:
        if isinstance(error, transport.EmulatedError):
            fixed = _emulated_answer(configuration, error.images)
            if fixed:
                return Answer({"allowed": fixed == "allow"})
        if webhook.get("failurePolicy") == "Ignore":
            return None
        raise errors.internal(f'failed calling webhook "{name}": failed to call webhook: {error}') from None


def _emulated_answer(configuration: Obj, images: list[str]) -> str:
    """What emulated pods answer: as the configuration says, or as known programs nearly always do."""
    fixed = (configuration["metadata"].get("annotations") or {}).get(EMULATED_ANSWER)
    if fixed in ("allow", "deny"):
        return str(fixed)
    return "allow" if any(known in image for image in images for known in _CONTENT) else ""


def _review(uid: str, obj: Obj | None, old: Obj | None, ctx: Context) -> Obj:
    from minikctl.apiserver.admission.policies.evaluation import request_of, seen

    request = {key: value for key, value in request_of(ctx, obj).items() if value not in ("", {}) or key == "options"}
    request["options"] = {"kind": _OPTIONS.get(ctx.operation, "ConnectOptions"), "apiVersion": "meta.k8s.io/v1"}
    shown = {"uid": uid, **request}
    shown["object"] = seen(obj, ctx)
    shown["oldObject"] = seen(old, ctx)
    return {**_REVIEW, "request": shown}


def _read(answer: Obj, uid: str) -> Answer:
    """The response in an AdmissionReview; CallError where it is not one."""
    from minikctl.apiserver.admission.webhooks.transport import CallError

    response = answer.get("response")
    if not isinstance(response, dict):
        raise CallError("Webhook response was absent")
    if (answer.get("apiVersion"), answer.get("kind")) != (_REVIEW["apiVersion"], _REVIEW["kind"]):
        group_version = str(answer.get("apiVersion", ""))
        wanted = "admission.k8s.io/v1, Kind=AdmissionReview"
        got = f"{group_version}, Kind={answer.get('kind', '')}"
        raise CallError(f"received invalid webhook response: expected webhook response of {wanted}, got {got}")
    if response.get("uid") != uid:
        got = json.dumps(str(response.get("uid", "")))
        raise CallError(f'received invalid webhook response: expected response.uid="{uid}", got {got}')
    found = Answer(response)
    if response.get("patch"):
        if response.get("patchType") != "JSONPatch":
            kind = json.dumps(str(response.get("patchType", "")))
            raise CallError(f"received invalid webhook response: unsupported patch type {kind}")
        found.patch = _patch(response["patch"])
    return found


def _patch(text: Any) -> list[Obj]:
    from minikctl.apiserver.admission.webhooks.transport import CallError

    try:
        operations = json.loads(base64.b64decode(text))
    except (ValueError, TypeError, binascii.Error) as error:
        raise CallError(f"received undecodable patch in webhook response: {error}") from None
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
