"""How errors are printed."""

from __future__ import annotations

import pytest

from minikctl.apimachinery import errors as api
from minikctl.apimachinery import field
from minikctl.kubectl import errors
from minikctl.kubectl.errors import Aggregate, ConfigInvalid, Exit, KubectlError, NoResourceType


def printed(error: BaseException) -> str:
    lines: list[str] = []
    errors.report(error, lines.append)
    return "".join(lines)


def test_status_errors() -> None:
    assert printed(api.not_found("pods", "x")) == 'Error from server (NotFound): pods "x" not found\n'
    assert printed(api.unauthorized()) == "error: You must be logged in to the server (Unauthorized)\n"
    assert printed(api.StatusError("", "boom", code=500)) == "Error from server: boom\n"


def test_invalid_objects_list_their_causes() -> None:
    one = api.invalid("Pod", "x", [field.required("spec.containers")])
    assert printed(one) == 'The Pod "x" is invalid: spec.containers: Required value\n'
    two = api.invalid("Deployment.apps", "x", [field.required("a"), field.required("b"), field.required("a")])
    assert printed(two) == 'The Deployment "x" is invalid: \n* a: Required value\n* b: Required value\n'
    assert printed(api.StatusError("Invalid", "no")) == "The request is invalid: no\n"


def test_sources_are_named() -> None:
    error = errors.add_source("creating", "f.yaml", api.forbidden("pods", "x", "no"))
    assert printed(error) == (
        'Error from server (Forbidden): error when creating "f.yaml": pods "x" is forbidden: no\n'
    )
    assert str(errors.add_source("creating", "", KubectlError("x"))) == "x"


def test_several_errors_come_one_per_line() -> None:
    several = Aggregate([KubectlError("a"), api.not_found("pods", "x")])
    assert printed(several) == 'a\nError from server (NotFound): pods "x" not found\n'
    assert printed(Aggregate([KubectlError("a")])) == "error: a\n"


def test_prefixes() -> None:
    assert printed(KubectlError("x")) == "error: x\n"
    assert printed(ConfigInvalid("x")) == "Error in configuration: x\n"
    assert printed(NoResourceType('the server doesn\'t have a resource type "x"')).startswith("the server")


def test_anything_unexpected_is_one_line() -> None:
    assert printed(ValueError("a\nb")) == "error: internal error: ValueError: a\n"
    assert printed(FileNotFoundError(2, "No such file or directory", "x")) == (
        "error: open x: no such file or directory\n"
    )
    assert printed(RecursionError()) == "error: the input is nested too deeply\n"


def test_statuses() -> None:
    assert errors.report(Exit(3), lambda text: None) == 3
    assert errors.report(KeyboardInterrupt(), lambda text: None) == 130
    assert errors.report(KubectlError("x"), lambda text: None, 2) == 2


def test_collecting_goes_on_after_errors() -> None:
    seen: list[int] = []

    def visit(number: int) -> None:
        seen.append(number)
        if number % 2:
            raise KubectlError(str(number))

    with pytest.raises(Aggregate) as caught:
        errors.collecting(visit, [1, 2, 3])
    assert seen == [1, 2, 3]
    assert [str(error) for error in caught.value.errors] == ["1", "3"]
