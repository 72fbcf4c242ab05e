"""kuberc: aliases, default flags, reading and writing the file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Kubectl = Callable[..., Any]

HEAD = "apiVersion: kubectl.config.k8s.io/v1beta1\nkind: Preference\n"
ALIASES = """aliases:
- name: getn
  command: get
  prependArgs: [configmaps]
  options: [{name: output, default: name}]
- name: newcm
  command: create configmap
  appendArgs: [--from-literal=made=by-alias]
"""
DEFAULTS = """defaults:
- command: delete
  options: [{name: ignore-not-found, default: "true"}]
"""


@pytest.fixture
def rc(tmp_path: Path) -> Path:
    path = tmp_path / "my.kuberc"
    path.write_text(HEAD + ALIASES + DEFAULTS)
    return path


def test_aliases_take_arguments_and_defaults(kubectl: Kubectl, rc: Path) -> None:
    kuberc = f"--kuberc={rc}"
    assert kubectl(kuberc, "newcm", "lantern").out == "configmap/lantern created\n"
    assert kubectl(kuberc, "getn", "lantern").out == "configmap/lantern\n"
    assert kubectl(kuberc, "getn", "lantern", "-o", "jsonpath={.data}").out == '{"made":"by-alias"}'


def test_defaults_apply_unless_given(kubectl: Kubectl, rc: Path) -> None:
    assert kubectl("delete", "cm", "x", KUBERC=str(rc)).status == 0
    assert kubectl("delete", "cm", "x", "--ignore-not-found=false", KUBERC=str(rc)).status == 1


@pytest.mark.parametrize("off", [{"KUBERC": "off"}, {"KUBECTL_KUBERC": "false"}])
def test_preferences_can_be_turned_off(kubectl: Kubectl, rc: Path, off: dict[str, str]) -> None:
    assert kubectl("delete", "cm", "x", **{"KUBERC": str(rc), **off}).status == 1


def test_the_default_file_counts(kubectl: Kubectl, tmp_path: Path) -> None:
    kubectl("get", "ns")
    (tmp_path / "home" / "kuberc").write_text(HEAD + DEFAULTS)
    assert kubectl("delete", "cm", "x").status == 0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("apiVersion: x/v9\nkind: Preference\n", "kuberc error kuberc: no valid preferences found in {}, use --v=5"),
        (HEAD + "aliases: [{name: a1, command: get}]", "invalid alias name, can only include alphabetical characters"),
        (HEAD + "aliases: [{name: a, command: get}, {name: a, command: get}]", "duplicate alias name a"),
        (HEAD + "defaults: [{command: get, options: [{name: -o}]}]", "flag name -o should be in long form"),
        (HEAD + "defaults: [{command: get, options: [{name: zip}]}]", "invalid flag zip for command get"),
        (
            HEAD + "defaults: [{command: get, options: [{name: watch, default: maybe}]}]",
            "could not apply override value maybe to flag watch in command get err: invalid argument",
        ),
    ],
)
def test_bad_files_are_refused(kubectl: Kubectl, tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "bad.kuberc"
    path.write_text(content)
    found = kubectl(f"--kuberc={path}", "get", "cm")
    assert found.status == 1
    assert found.err.startswith(f"error occurred while applying preferences {message.format(path)}")


def test_warnings(kubectl: Kubectl, tmp_path: Path) -> None:
    path = tmp_path / "odd.kuberc"
    path.write_text(HEAD + "colour: blue\ndefaults: [{command: paint, options: []}]\n")
    found = kubectl(f"--kuberc={path}", "get", "cm", "-o", "name")
    assert found.status == 0
    # kubectl ends the first without a newline
    assert (
        'strict decoding error: unknown field "colour"Warning: command "paint" not found to set kuberc override'
        in found.err
    )


def test_missing_files_and_values(kubectl: Kubectl, tmp_path: Path) -> None:
    assert "open absent: no such file or directory" in kubectl("--kuberc=absent", "get", "cm").err
    assert "kuberc file is not found" in kubectl("--kuberc=", "get", "cm").err
    assert "mutually exclusive" in kubectl("--kuberc=x", "get", "cm", KUBERC="off").err


def test_the_first_version_still_works(kubectl: Kubectl, tmp_path: Path) -> None:
    path = tmp_path / "old.kuberc"
    head = HEAD.replace("v1beta1", "v1alpha1")
    path.write_text(head + 'overrides: [{command: delete, flags: [{name: ignore-not-found, default: "true"}]}]\n')
    assert kubectl(f"--kuberc={path}", "delete", "cm", "x").status == 0


def test_set_writes_defaults_and_aliases(kubectl: Kubectl, tmp_path: Path) -> None:
    path = tmp_path / "new.kuberc"
    path.write_text(HEAD)
    base = ("kuberc", "set", f"--kuberc={path}", "--section")
    assert kubectl(*base, "defaults", "--command=get", "--option=output=name").out == f"Updated {path}\n"
    again = kubectl(*base, "defaults", "--command=get", "--option=output=wide")
    assert again.err == 'error: defaults for command "get" already exist, use --overwrite to replace\n'
    kubectl(*base, "defaults", "--command=get", "--option=output=wide", "--overwrite")
    kubectl(*base, "aliases", "--name=gone", "--command=delete", "--appendarg=--wait=false")
    kubectl(*base, "credentialplugin", "--policy=Allowlist", "--allowlist-entry=command=aws")
    assert path.read_text() == (
        "aliases:\n- appendArgs:\n  - --wait=false\n  command: delete\n  name: gone\n"
        "apiVersion: kubectl.config.k8s.io/v1beta1\n"
        "credentialPluginAllowlist:\n- command: aws\ncredentialPluginPolicy: Allowlist\n"
        "defaults:\n- command: get\n  options:\n  - default: wide\n    name: output\n"
        "kind: Preference\n"
    )


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((), 'required flag(s) "section" not set'),
        (("--section=x",), '--section must be "defaults", "aliases", or "credentialplugin", got: x'),
        (("--section=aliases", "--command=get"), "--name is required when --section=aliases"),
        (("--section=defaults", "--name=x"), "--name should not be specified when --section=defaults"),
        (("--section=defaults",), "--command is required when --section=aliases or --section=defaults"),
        (("--section=credentialplugin",), "--policy is required when --section=credentialplugin"),
        (("--section=credentialplugin", "--policy=x"), 'invalid value for --policy: "x"'),
        (("--section=defaults", "--command=get", "--option=x"), 'invalid option format "x", expected flag=value'),
    ],
)
def test_set_refuses(kubectl: Kubectl, args: tuple[str, ...], message: str) -> None:
    assert kubectl("kuberc", "set", *args).err == f"error: {message}\n"


def test_view(kubectl: Kubectl, rc: Path, tmp_path: Path) -> None:
    assert kubectl("kuberc", "view", f"--kuberc={rc}").out.startswith("aliases:\n- command: get\n  name: getn\n")
    missing = kubectl("kuberc", "view")
    assert missing.status == 0
    assert missing.out.startswith(f"kuberc file not found at {tmp_path / 'home' / 'kuberc'}\nWould you like")
    assert kubectl("kuberc", "view", stdin="y\n").out.endswith(f"Updated {tmp_path / 'home' / 'kuberc'}\n")
    assert "command: apply" in kubectl("kuberc", "view").out
    assert kubectl("kuberc", "view", KUBERC="off").err.startswith("error: KUBERC is disabled")


def test_view_shows_what_the_type_knows_in_its_order(kubectl: Kubectl, tmp_path: Path) -> None:
    path = tmp_path / "odd.kuberc"
    path.write_text(
        "colour: blue\naliases:\n- options: [{default: wide, name: output, x: y}]\n  command: get\n  name: getn\n"
        "defaults: [{command: get}]\n" + HEAD
    )
    shown = json.loads(kubectl("kuberc", "view", f"--kuberc={path}", "-o", "json").out)
    assert list(shown) == ["kind", "apiVersion", "defaults", "aliases"]
    assert list(shown["aliases"][0]) == ["name", "command", "options"]
    assert list(shown["aliases"][0]["options"][0]) == ["name", "default"]
    assert shown["defaults"] == [{"command": "get", "options": None}]


def test_view_takes_an_old_file_for_a_new_one(kubectl: Kubectl, tmp_path: Path) -> None:
    path = tmp_path / "old.kuberc"
    head = HEAD.replace("v1beta1", "v1alpha1")
    path.write_text(head + "overrides: [{command: delete, flags: []}]\naliases: [{name: a, command: get, flags: []}]\n")
    shown = kubectl("kuberc", "view", f"--kuberc={path}").out
    assert shown.startswith(
        "aliases:\n- command: get\n  name: a\napiVersion: kubectl.config.k8s.io/v1alpha1\ndefaults: []\n"
    )
    assert "overrides" not in shown
