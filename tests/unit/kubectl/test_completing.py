"""What `__complete` offers, and the scripts that ask it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from minikctl.kubectl import commands
from minikctl.kubectl.completiontables import COMMANDS

Kubectl = Callable[..., Any]


def offered(kubectl: Kubectl, *words: str) -> tuple[list[str], int]:
    lines = kubectl("__complete", *words).out.splitlines()
    return [line.partition("\t")[0] for line in lines[:-1]], int(lines[-1][1:])


def test_commands_come_with_their_help(kubectl: Kubectl) -> None:
    found = kubectl("__complete", "rollout", "st")
    assert found.out == "status\tShow the status of the rollout\n:4\n"
    assert found.err == "Completion ended with directive: ShellCompDirectiveNoFileComp\n"
    assert kubectl("__completeNoDesc", "rollout", "st").out == "status\n:4\n"


def test_names_come_from_the_cluster(kubectl: Kubectl) -> None:
    kubectl("create", "configmap", "lantern")
    kubectl("run", "web", "--image=nginx")
    assert offered(kubectl, "get", "configm") == (["configmaps"], 4)
    assert offered(kubectl, "get", "cm", "la") == (["lantern"], 4)
    assert offered(kubectl, "get", "cm", "lantern", "la") == ([], 4)
    assert offered(kubectl, "get", "cm/la") == (["cm/lantern"], 4)
    assert offered(kubectl, "get", "-n", "kube-n") == (["kube-node-lease"], 4)
    assert offered(kubectl, "get", "--namespace=kube-n") == (["kube-node-lease"], 4)
    assert offered(kubectl, "get", "-n", "kube-public", "cm", "la") == ([], 4)
    assert offered(kubectl, "logs", "w") == (["web"], 4)
    assert offered(kubectl, "logs", "deploy") == (["deployments/"], 6)
    assert offered(kubectl, "logs", "web", "") == (["web"], 4)
    assert offered(kubectl, "logs", "web", "-c", "") == ([], 0)
    assert offered(kubectl, "exec", "web", "-c", "") == (["web"], 4)
    assert offered(kubectl, "get", "pods,cm", "w") == (["web"], 4)
    assert offered(kubectl, "get", "pod/x", "configm") == (["configmaps/"], 6)
    assert offered(kubectl, "cordon", "node-1", "") == ([], 4)
    assert offered(kubectl, "get", "pods,configm") == (["pods,configmaps"], 4)
    assert offered(kubectl, "rollout", "restart", "dae") == (["daemonset"], 4)


def test_the_kubeconfig_gives_contexts(kubectl: Kubectl) -> None:
    assert offered(kubectl, "config", "use-context", "") == (["minikctl"], 4)
    assert offered(kubectl, "--context", "mini") == (["minikctl"], 4)


def test_flags_and_their_values(kubectl: Kubectl) -> None:
    assert offered(kubectl, "get", "--no-h") == (["--no-headers"], 4)
    assert offered(kubectl, "scale", "--rep") == (["--replicas"], 4)
    assert offered(kubectl, "scale", "dep") == (["deployment"], 4)
    assert offered(kubectl, "scale", "")[0][0] == "--replicas"
    assert offered(kubectl, "create", "--dry-run=client", "c") == ([], 0)
    assert offered(kubectl, "get", "-A", "--all-n") == ([], 4)
    assert offered(kubectl, "get", "-o", "custom") == (["custom-columns", "custom-columns-file"], 4)
    assert offered(kubectl, "apply", "--dry-run=s") == ([], 0)
    assert offered(kubectl, "get", "--subresource=s") == (["status", "scale"], 4)
    assert offered(kubectl, "apply", "-f", "") == (["json", "yaml", "yml"], 8)
    assert offered(kubectl, "cp", "kube-s") == (["kube-system/"], 2)
    assert offered(kubectl, "help", "rollout", "st") == (["status"], 4)


@pytest.mark.parametrize("words", [("nope", ""), ("get", "--nope", ""), ("get", "nope", ""), ("get", "pods", "--", "")])
def test_nonsense_completes_to_nothing(kubectl: Kubectl, words: tuple[str, ...]) -> None:
    assert offered(kubectl, *words)[0] == []


def test_every_row_names_a_command() -> None:
    assert {tuple(path.split("/")) for path in COMMANDS} <= set(commands.TREE)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_scripts_name_the_program(kubectl: Kubectl, shell: str) -> None:
    text = kubectl("completion", shell).out
    assert "kubectl" in text and "minikctl" not in text and "{" + "program" not in text


def test_bash_takes_the_script(kubectl: Kubectl) -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("no bash")
    subprocess.run([bash, "-n"], input=kubectl("completion", "bash").out, text=True, check=True)


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((), "Shell not specified."),
        (("a", "b"), "Too many arguments. Expected only the shell type."),
        (("tcsh",), 'Unsupported shell type "tcsh".'),
    ],
)
def test_wrong_arguments(kubectl: Kubectl, args: tuple[str, ...], message: str) -> None:
    expected = f"error: {message}\nSee 'kubectl completion -h' for help and examples\n"
    assert kubectl("completion", *args).err == expected
