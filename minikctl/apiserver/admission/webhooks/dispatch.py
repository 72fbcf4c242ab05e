"""Which webhooks a request concerns, what they are asked, and what their answers mean.

Counterpart of `apiserver/pkg/admission/plugin/webhook/{generic,request,errors}`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from minikctl.apimachinery import errors
from minikctl.apimachinery.deepcopy import deep_copy
from minikctl.apimachinery.field import quote
from minikctl.apiserver.admission import matching

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.apimachinery.resources import Resource
    from minikctl.apiserver.registry.context import Context

# On a configuration: what to take for the answer where emulated pods would have to give it.
EMULATED_ANSWER = "minikctl.dev/emulated-answer"
_NOTES = "webhook.admission.k8s.io"
_VERSIONS = ("v1", "v1beta1")
# Programs whose emulated webhook lets everything pass: it tests what only the real one could know.
_CONTENT = ("ingress-nginx/controller",)


class Answer:
    """A webhook's response: allowed or not, its warnings, its patch, what the audit log is to have."""

    __slots__ = ("allowed", "notes", "patch", "status", "warnings")

    def __init__(self, response: Obj) -> None:
        self.allowed = bool(response.get("allowed"))
        self.status: Obj = response.get("status") or {}
        self.warnings: list[str] = [text or "" for text in response.get("warnings") or ()]
        self.notes: dict[str, str] = response.get("auditAnnotations") or {}
        self.patch: list[Obj] | None = None

    def take(self, webhook: Obj, ctx: Context) -> None:
        """Pass the warnings and audit annotations on; the denial where it is one."""
        ctx.warnings.extend(self.warnings)
        for key, value in self.notes.items():
            ctx.note(f"{webhook['name']}/{key}", value or "")
        if not self.allowed:
            raise denial(webhook["name"], self.status)


# What asking comes to: an answer, an error that refuses the request, or nothing where that is passed over.
Asked = Answer | errors.StatusError | None


class Hook(NamedTuple):
    """A webhook that a request concerns: where it stands among all, and the version it wants to see."""

    configuration: Obj
    webhook: Obj
    number: int
    version: Resource

    @property
    def name(self) -> str:
        return str(self.webhook["name"])

    @property
    def key(self) -> str:
        return f"{self.configuration['metadata']['name']}/{self.name}"

    @property
    def fails_open(self) -> bool:
        return bool(self.webhook.get("failurePolicy") == "Ignore")


def webhooks(kind: str, obj: Obj | None, old: Obj | None, ctx: Context) -> Iterator[Hook]:
    """The webhooks that concern the request, in order; each is looked at only when those before it are done with."""
    if ctx.resource.key in matching.WEBHOOKS or ctx.resource.key in matching.POLICIES:
        return
    number = -1
    for configuration in ctx.reader.peek_all(kind):
        for webhook in configuration.get("webhooks") or ():
            number += 1
            version = matching.matched(webhook, obj, old, ctx, "rules")
            if version is not None and _conditions_hold(webhook, obj, old, ctx, version):
                yield Hook(configuration, webhook, number, version)


def _conditions_hold(webhook: Obj, obj: Obj | None, old: Obj | None, ctx: Context, version: Resource) -> bool:
    conditions = webhook.get("matchConditions")
    if not conditions:
        return True
    from minikctl.apimachinery import cel
    from minikctl.apiserver.admission.policies.evaluation import Evaluation

    try:
        return Evaluation({"spec": {"matchConditions": conditions}}, obj, old, None, ctx, version).conditions_hold()
    except cel.EvaluationError as error:
        if webhook.get("failurePolicy") == "Ignore":
            return False
        raise errors.forbidden(ctx.resource.key, ctx.request.name, str(error)) from None


def ask(hooks: Sequence[Hook], obj: Obj | None, old: Obj | None, ctx: Context) -> list[Asked]:
    """What each webhook answers, or why it could not be asked; None where that is passed over.

    AnswersNeeded where some are still to be called.
    """
    from minikctl.apiserver.admission.webhooks import conversation, transport

    outcomes: list[Obj | transport.CallError | None] = []
    reviews = [_review(hook, obj, old, ctx) for hook in hooks]
    needed: dict[str, transport.Call] = {}
    answers: conversation.Answers | None = ctx.request.answers
    for hook, review in zip(hooks, reviews, strict=True):
        try:
            call = transport.call_of(hook.webhook, review, ctx.reader)
        except transport.CallError as error:
            outcomes.append(error)
            continue
        if answers is None or not answers.patient:
            outcomes.append(call.outcome())
            continue
        question = _question(hook, review, ctx)
        outcomes.append(answers.get(question))
        if outcomes[-1] is None:
            needed[question] = call
    if answers is not None and needed:
        raise conversation.AnswersNeeded(answers, needed)
    return [_answer(*known, ctx) for known in zip(hooks, reviews, outcomes, strict=True)]


def _question(hook: Hook, review: Obj, ctx: Context) -> str:
    """What identifies a question: the same object in the same round. A review's uid says nothing."""
    shown = {key: value for key, value in review["request"].items() if key != "uid"}
    return json.dumps([hook.configuration["kind"], hook.key, ctx.hooked and ctx.passes.again, shown], sort_keys=True)


def _answer(hook: Hook, review: Obj, outcome: Any, ctx: Context) -> Asked:
    """What an outcome means."""
    from minikctl.apiserver.admission.webhooks import transport

    mutating = hook.configuration["kind"].startswith("Mutating")
    try:
        if isinstance(outcome, transport.CallError):
            raise outcome
        return _read(outcome, review["request"]["uid"], review["apiVersion"].rpartition("/")[2], mutating)
    except transport.CallError as error:
        if isinstance(error, transport.EmulatedError):
            fixed = _emulated_answer(hook.configuration, error.images)
            if fixed:
                return Answer({"allowed": fixed == "allow"})
        if hook.fails_open:
            kind, again = ("mutation", ctx.passes.again) if mutating else ("validating", False)
            ctx.note(f"failed-open.{kind}.{_NOTES}/round_{int(again)}_index_{hook.number}", hook.name)
            return None
        what = "" if isinstance(error, transport.AnswerError) else "failed to call webhook: "
        return errors.internal(f'failed calling webhook "{hook.name}": {what}{error}')


def _emulated_answer(configuration: Obj, images: list[str]) -> str:
    """What emulated pods answer: as the configuration says, or as known programs nearly always do."""
    fixed = (configuration["metadata"].get("annotations") or {}).get(EMULATED_ANSWER)
    if fixed in ("allow", "deny"):
        return str(fixed)
    return "allow" if any(known in image for image in images for known in _CONTENT) else ""


def _review(hook: Hook, obj: Obj | None, old: Obj | None, ctx: Context) -> Obj:
    from minikctl.apiserver.admission.policies.evaluation import request_of, seen

    known = hook.webhook.get("admissionReviewVersions") or ()
    version = next((one for one in known if one in _VERSIONS), "v1")
    shown = {"uid": ctx.rand.uid(), **request_of(ctx, obj, hook.version)}
    shown["object"] = deep_copy(seen(obj, ctx, hook.version))
    shown["oldObject"] = seen(old, ctx, hook.version)
    return {"apiVersion": f"admission.k8s.io/{version}", "kind": "AdmissionReview", "request": shown}


def _read(answer: Obj, uid: str, version: str, mutating: bool) -> Answer:
    """The response in an AdmissionReview; CallError where it cannot be read, AnswerError where it is not one."""
    from minikctl.apiserver.admission.webhooks import responses
    from minikctl.apiserver.admission.webhooks.transport import AnswerError, CallError

    invalid = "received invalid webhook response: "
    response = answer.get("response")
    if problem := responses.type_problem(response):
        raise CallError(problem)
    if response is None:
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
            raise AnswerError(f"unsupported patch type {quote(kind or '')}")
        found.patch = operations
    return found


def _misfit(answer: Obj, uid: str) -> str:
    """What shows that an answer is not one to the request."""
    given = answer["response"].get("uid") or ""
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


def _patch(encoded: str) -> list[Obj]:
    from minikctl.apimachinery.jsonsyntax import json_problem
    from minikctl.apimachinery.patch.jsonpatch import check_operations
    from minikctl.apiserver.admission.webhooks.transport import AnswerError

    text = base64.b64decode(encoded).decode("utf-8", "replace")
    try:
        if problem := json_problem(text):
            raise ValueError(problem)
        operations = json.loads(text)
        return [] if operations is None else check_operations(operations)
    except (ValueError, RecursionError) as error:
        raise AnswerError(f"received undecodable patch in webhook response: {error}") from None


def denial(name: str, status: Obj) -> errors.StatusError:
    """The refusal that a webhook's answer stands for."""
    said = status.get("message") or status.get("reason") or ""
    denied = f'admission webhook "{name}" denied the request'
    message = f"{denied}: {said}" if said else f"{denied} without explanation"
    code = int(status.get("code") or 0)
    return errors.StatusError(
        str(status.get("reason") or ""), message, dict(status.get("details") or {}), code if code >= 400 else 400
    )
