"""PodLogOptions: which of them make no sense.

Counterpart of `ValidatePodLogOptions` of `pkg/apis/core/validation`.
"""

from __future__ import annotations

from minikctl.apimachinery import errors, field
from minikctl.apimachinery.request import Request


def check(request: Request) -> None:
    """Refuse (Invalid) options of a log that are out of range or do not go together."""
    options, found = request.options, []
    lines, size, seconds = (options.get(name) for name in ("tailLines", "limitBytes", "sinceSeconds"))
    if lines is not None and lines < 0:
        found.append(field.invalid("tailLines", lines, "must be greater than or equal to 0"))
    if size is not None and size < 1:
        found.append(field.invalid("limitBytes", size, "must be greater than 0"))
    if seconds is not None and options.get("sinceTime"):
        found.append(field.forbidden("", "at most one of `sinceTime` or `sinceSeconds` may be specified"))
    elif seconds is not None and seconds < 1:
        found.append(field.invalid("sinceSeconds", seconds, "must be greater than 0"))
    if found:
        raise errors.invalid("PodLogOptions", request.name, found)
