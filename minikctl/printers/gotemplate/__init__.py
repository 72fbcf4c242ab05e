"""Go's text/template as `-o go-template` uses it.

`template` gives the function that prints one object. Upstream counterparts: Go's text/template and cli-runtime's
printers.GoTemplatePrinter.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minikctl.printers.gotemplate.errors import ExecutionFailed, TemplateError

__all__ = ["ExecutionFailed", "TemplateError", "template"]

_NAME = "output"


def template(text: str, allow_missing_keys: bool = True) -> Callable[[Any], str]:
    """Parse a template; the result renders an object.

    Raises TemplateError where it cannot be parsed, and the result ExecutionFailed where it cannot be executed; both
    carry kubectl's message.
    """
    from minikctl.printers.gotemplate.functions import NAMES
    from minikctl.printers.gotemplate.parser import parse

    try:
        trees = parse(_NAME, text, NAMES)
    except TemplateError as error:
        raise TemplateError(f"error parsing template {text}, {error}\n") from None

    def render(obj: Any) -> str:
        from minikctl.printers.gotemplate.executor import Execution

        execution = Execution(_NAME, text, trees, allow_missing_keys)
        try:
            execution.run(obj)
        except TemplateError as error:
            raise _failure(text, error, obj, "".join(execution.out)) from None
        return "".join(execution.out)

    return render


def _failure(text: str, error: TemplateError, obj: Any, printed: str) -> ExecutionFailed:
    from minikctl.printers.gofmt import quote, value_text
    from minikctl.printers.jsonout import compact

    report = (
        f"{printed}Error executing template: {error}. Printing more information for debugging the template:\n"
        f"\ttemplate was:\n\t\t{text}\n\traw data was:\n\t\t{compact(obj)}\n"
        f"\tobject given to template engine was:\n\t\t{value_text(obj)}\n\n"
    )
    return ExecutionFailed(f"error executing template {quote(text)}: {error}", report)
