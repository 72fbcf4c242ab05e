"""Finding commands and refusing wrong ones, as cobra does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from minikctl.kubectl import main

Kubectl = Callable[..., Any]


def test_the_words_of_a_command_may_have_flags_between_them() -> None:
    assert main.find(["-n", "demo", "get", "pods"]) == (("get",), ["-n", "demo", "pods"])
    assert main.find(["create", "-n", "get", "cm", "x"]) == (("create", "configmap"), ["-n", "get", "x"])
    assert main.find(["config", "use", "x"]) == (("config", "use-context"), ["x"])
    assert main.find(["nothing"]) == ((), ["nothing"])


def test_unknown_commands_get_suggestions(kubectl: Kubectl) -> None:
    result = kubectl("gett", "pods")
    assert result.status == 1
    assert result.err == 'error: unknown command "gett" for "kubectl"\n\nDid you mean this?\n\tset\n\tget\n'


MODULES = "syntax error: expect comma-separated list of filename=N"
FREQUENCY = 'invalid argument "x" for "--log-flush-frequency"'
SEE = "See 'kubectl get --help' for usage.\n"


@pytest.mark.parametrize(
    ("args", "err"),
    [
        (["get", "--foo"], "error: unknown flag: --foo\nSee 'kubectl get --help' for usage.\n"),
        (["config", "bogus"], "error: unknown command \"bogus\"\nSee 'kubectl config -h' for help and examples\n"),
        (["create", "deployment", "x"], 'error: required flag(s) "image" not set\n'),
        (["create", "cronjob", "x"], 'error: required flag(s) "image", "schedule" not set\n'),
        (
            ["get", "pods", "--as-group=x"],
            "error: requesting uid, groups or user-extra for kubernetes-admin without impersonating a user\n",
        ),
        (["get", "pods", "--vmodule=x=y"], f'error: invalid argument "x=y" for "--vmodule" flag: {MODULES}\n{SEE}'),
        (["get", "pods", "--log-flush-frequency=x"], f"error: {FREQUENCY} flag: parse error\n{SEE}"),
    ],
)
def test_wrong_use(kubectl: Kubectl, args: list[str], err: str) -> None:
    result = kubectl(*args)
    assert (result.status, result.out, result.err) == (1, "", err)


def test_help_comes_from_flag_and_word(kubectl: Kubectl) -> None:
    long = kubectl("get", "--help")
    assert long.status == 0
    assert long.out == kubectl("help", "get").out == kubectl("get", "-h").out
    assert "Options:\n    -A, --all-namespaces=false:\n\t" in long.out
    assert "Aliases:\nconfigmap, cm\n" in kubectl("create", "cm", "--help").out
    assert kubectl().out.startswith("kubectl controls the Kubernetes cluster manager")


def test_a_group_alone_shows_its_help_and_fails(kubectl: Kubectl) -> None:
    result = kubectl("config")
    assert result.status == 1
    assert "Available Commands:\n  current-context" in result.err


def test_completion(kubectl: Kubectl) -> None:
    assert "rollout\tManage the rollout of a resource\n:4\n" in kubectl("__complete", "ro").out
    assert kubectl("__complete", "get", "ns", "kube-s").out == "kube-system\n:4\n"
    for shell in ("bash", "zsh", "fish", "powershell"):
        assert "__complete" in kubectl("completion", shell).out
    assert kubectl("completion", "tcsh").err.startswith('error: Unsupported shell type "tcsh".\n')


@pytest.mark.parametrize("group", ["kuberc", "plugin", "rollout"])
def test_help_of_a_group_has_examples(kubectl: Kubectl, group: str) -> None:
    shown = kubectl(group, "--help").out
    assert "\n\nExamples:\n  # " in shown and f"\n  kubectl {group} " in shown
    assert shown.index("Examples:") < shown.index("Available Commands:")
