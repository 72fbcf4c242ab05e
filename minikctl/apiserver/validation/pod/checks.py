"""Small checks the pod modules share; each appends what it finds to a list.

Appending to one list (instead of returning many) keeps validating a good pod cheap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from minikctl.apimachinery import field
from minikctl.apimachinery.field import FieldError
from minikctl.apiserver.validation.names import is_dns1123_label, is_dns1123_subdomain, is_qualified_name

Errors = list[FieldError]
NOT_NEGATIVE = "must be greater than or equal to 0"


def problems(check: Callable[[str], list[str]], value: str, path: str, errors: Errors) -> None:
    """Report the complaints of a string check."""
    for text in check(value):
        errors.append(field.invalid(path, value, text))


def dns_label(value: str, path: str, errors: Errors) -> None:
    for text in is_dns1123_label(value):
        errors.append(field.invalid(path, value, text))


def subdomain(value: str, path: str, errors: Errors) -> None:
    for text in is_dns1123_subdomain(value):
        errors.append(field.invalid(path, value, text))


def qualified_name(value: str, path: str, errors: Errors) -> None:
    for text in is_qualified_name(value):
        errors.append(field.invalid(path, value, text))


def nonnegative(value: int | None, path: str, errors: Errors) -> None:
    """Absent passes."""
    if value is not None and value < 0:
        errors.append(field.invalid(path, value, NOT_NEGATIVE))


def no_backsteps(value: str, path: str, errors: Errors) -> None:
    if ".." in value and ".." in value.split("/"):
        errors.append(field.invalid(path, value, "must not contain '..'"))


def descending_path(value: str, path: str, errors: Errors) -> None:
    """A relative path that stays below where it starts."""
    if value.startswith("/"):
        errors.append(field.invalid(path, value, "must be a relative path"))
    no_backsteps(value, path, errors)


def local_path(value: str, path: str, errors: Errors) -> None:
    """A descending path whose first element does not start with two dots, which volumes reserve."""
    descending_path(value, path, errors)
    if value.startswith("..") and not value.startswith("../"):
        errors.append(field.invalid(path, value, "must not start with '..'"))


def containers_with_paths(spec: dict[str, Any], path: str) -> Iterator[tuple[dict[str, Any], str]]:
    """Every container in upstream's visiting order: init, regular, ephemeral."""
    for key in ("initContainers", "containers", "ephemeralContainers"):
        for index, container in enumerate(spec.get(key) or ()):
            yield container, f"{path}.{key}[{index}]"
