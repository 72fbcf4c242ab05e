"""MutatingAdmissionWebhook: webhooks that may change the object, one after the other, once more if needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.apiserver.registry.context import Context

CONFIGURATIONS = "mutatingwebhookconfigurations.admissionregistration.k8s.io"


def mutate(obj: Obj | None, old: Obj | None, ctx: Context) -> None:
    """Ask every webhook that the request concerns and apply its patch; a delete has nothing to patch."""
    if not ctx.reader.peek_all(CONFIGURATIONS):
        return
    from minikctl.apiserver.admission.webhooks import dispatch

    passes = ctx.passes
    for configuration, webhook in dispatch.webhooks(CONFIGURATIONS, obj, old, ctx):
        name = f"{configuration['metadata']['name']}/{webhook['name']}"
        if not passes.due(name):
            continue
        answer = dispatch.ask(configuration, webhook, obj, old, ctx)
        changed = False
        if answer is not None:
            answer.take(webhook, ctx)
            changed = bool(answer.patch) and _apply(answer.patch, obj, webhook, ctx)
        passes.ran(name, changed, webhook.get("reinvocationPolicy") == "IfNeeded")


def _apply(operations: Any, obj: Obj | None, webhook: Obj, ctx: Context) -> bool:
    from minikctl.apimachinery import errors, patch
    from minikctl.apimachinery.deepcopy import deep_copy
    from minikctl.apiserver.admission.policies.evaluation import seen
    from minikctl.apiserver.admission.policies.mutating import replace

    if obj is None:
        why = "attempted to modify the object, which is not supported for this operation"
        raise errors.internal(f'admission webhook "{webhook["name"]}" {why}')
    before = deep_copy(obj)
    shown = deep_copy(seen(obj, ctx))
    try:
        patched = patch.json_patch(shown, operations)
    except patch.PatchError as error:
        raise errors.internal(str(error)) from None
    replace(obj, patched, ctx)
    return bool(obj != before)
