"""--dry-run and --validate: what the words on the command line mean.

Upstream counterpart: `GetDryRunStrategy` and `GetValidationDirective` of kubectl's `cmd/util`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minikctl.kubectl import klog
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flags import Values, quote

if TYPE_CHECKING:
    from minikctl.kubectl.factory import Factory

NONE, CLIENT, SERVER = "none", "client", "server"
_BOOLS = {
    **dict.fromkeys(("1", "t", "T", "true", "TRUE", "True"), True),
    **dict.fromkeys(("0", "f", "F", "false", "FALSE", "False"), False),
}
_DIRECTIVES = {"true": "Strict", "strict": "Strict", "warn": "Warn", "false": "Ignore", "ignore": "Ignore"}


def dry_run(factory: Factory, flags: Values) -> str:
    """NONE, CLIENT or SERVER."""
    text = flags["dry-run"]
    if text in (NONE, CLIENT, SERVER):
        return str(text)
    if text == "unchanged":
        klog_warning(factory, "--dry-run is deprecated and can be replaced with --dry-run=client.")
        return CLIENT
    if text in _BOOLS:
        replacement = CLIENT if _BOOLS[text] else NONE
        klog_warning(
            factory, f"--dry-run={text} is deprecated (boolean value) and can be replaced with --dry-run={replacement}."
        )
        return replacement
    raise KubectlError(f'Invalid dry-run value ({text}). Must be "none", "server", or "client".')


def field_validation(flags: Values) -> str:
    """The fieldValidation parameter: Strict, Warn or Ignore."""
    text = flags["validate"]
    directive = _DIRECTIVES.get(text)
    if directive is None:
        raise KubectlError(
            f"invalid - validate option {quote(text)}; must be one of: strict (or true), warn, ignore (or false)"
        )
    return directive


def klog_warning(factory: Factory, text: str, where: str = "helpers.go:719") -> None:
    """A warning in klog's form; `where` is the line of kubectl that gives it."""
    factory.err(klog.line("W", where, text))


def request_options(dry_run: str, field_manager: str = "", validation: str = "") -> dict[str, Any]:
    """The query parameters of a write."""
    options: dict[str, Any] = {}
    if field_manager:
        options["fieldManager"] = field_manager
    if validation:
        options["fieldValidation"] = validation
    if dry_run == SERVER:
        options["dryRun"] = ["All"]
    return options
