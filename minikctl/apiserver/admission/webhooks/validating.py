"""ValidatingAdmissionWebhook: asks every webhook that the request concerns, all at once; the first refusal is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minikctl.apimachinery.request import Obj
    from minikctl.apiserver.registry.context import Context

CONFIGURATIONS = "validatingwebhookconfigurations.admissionregistration.k8s.io"


def validate(obj: Obj | None, old: Obj | None, ctx: Context) -> None:
    """Refuse what a webhook denies; pass its warnings on."""
    if not ctx.reader.peek_all(CONFIGURATIONS):
        return
    from minikctl.apimachinery.errors import StatusError
    from minikctl.apiserver.admission.webhooks import dispatch

    # The audit log counts only those that are asked.
    concerned = dispatch.webhooks(CONFIGURATIONS, obj, old, ctx)
    hooks = [hook._replace(number=index) for index, hook in enumerate(concerned)]
    refusal: StatusError | None = None
    for hook, answer in zip(hooks, dispatch.ask(hooks, obj, old, ctx), strict=True):
        try:
            if isinstance(answer, StatusError):
                raise answer
            if answer is not None:
                answer.take(hook.webhook, ctx)
        except StatusError as error:
            refusal = refusal or error
    if refusal is not None:
        raise refusal
