"""MutatingAdmissionWebhook: webhooks that may change the object, one after the other, once more if needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.apiserver.admission.webhooks.dispatch import Hook
    from minikctl.apiserver.registry.context import Context

CONFIGURATIONS = "mutatingwebhookconfigurations.admissionregistration.k8s.io"
# Under this prefix the audit log is told patches, from level Request on.
PATCHES = "patch.webhook.admission.k8s.io/"
_MUTATIONS = "mutation.webhook.admission.k8s.io/"


def mutate(obj: Obj | None, old: Obj | None, ctx: Context) -> None:
    """Ask every webhook that the request concerns and apply its patch; a delete has nothing to patch."""
    if not ctx.reader.peek_all(CONFIGURATIONS):
        return
    from minikctl.apiserver.admission.webhooks import dispatch

    passes = ctx.passes
    passes.resume(obj)
    for hook in dispatch.webhooks(CONFIGURATIONS, obj, old, ctx):
        if not passes.due(hook.key):
            continue
        changed = False
        try:
            changed = _ask(hook, obj, old, ctx)
        finally:
            _note(_MUTATIONS, hook, ctx, mutated=changed)
        passes.ran(hook.key, changed, hook.webhook.get("reinvocationPolicy") == "IfNeeded")


def _ask(hook: Hook, obj: Obj | None, old: Obj | None, ctx: Context) -> bool:
    """Ask one webhook and do as it says; whether it changed the object."""
    from minikctl.apimachinery.errors import StatusError, internal
    from minikctl.apiserver.admission.policies import patching
    from minikctl.apiserver.admission.policies.evaluation import seen
    from minikctl.apiserver.admission.webhooks import dispatch

    answer = dispatch.ask([hook], obj, old, ctx)[0]
    if isinstance(answer, StatusError):
        raise answer
    if answer is None:
        return False
    answer.take(hook.webhook, ctx)
    if not answer.patch:
        return False
    shown = seen(obj, ctx, hook.version)
    if obj is None or shown is None:
        why = "attempted to modify the object, which is not supported for this operation"
        raise internal(f'admission webhook "{hook.name}" {why}')
    patched = patching.webhook_patched(shown, answer.patch, hook.version, ctx)
    _note(PATCHES, hook, ctx, patch=answer.patch, patchType="JSONPatch")
    if patched == shown:
        return False
    patching.replace(obj, patched, ctx)
    return True


def _note(prefix: str, hook: Hook, ctx: Context, **facts: object) -> None:
    """Have the audit log say what a webhook did."""
    if ctx.audited:
        from minikctl.apimachinery.field import Struct, go_json

        value = Struct(configuration=hook.configuration["metadata"]["name"], webhook=hook.name, **facts)
        ctx.note(f"{prefix}round_{int(ctx.passes.again)}_index_{hook.number}", go_json(value))
