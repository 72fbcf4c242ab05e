"""From files, names and selectors to objects: what is found and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Kubectl = Callable[..., Any]

CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {0}, labels: {{name: {0}}}}}\n"


def test_directories_files_and_patterns(kubectl: Kubectl, tmp_path: Path) -> None:
    (tmp_path / "site/sub").mkdir(parents=True)
    for name in ("b.yaml", "a.json", "sub/c.yml", "readme.md"):
        text = CONFIG_MAP.format(name[0] if "/" not in name else "c")
        (tmp_path / "site" / name).write_text(text if not name.endswith(".md") else "words")
    assert kubectl("create", "-f", "site", "--dry-run=client", "-o", "name").out == "configmap/a\nconfigmap/b\n"
    assert kubectl("create", "-R", "-f", "site", "--dry-run=client", "-o", "name").out == (
        "configmap/a\nconfigmap/b\nconfigmap/c\n"
    )
    assert kubectl("create", "-f", "site/*.yaml", "--dry-run=client", "-o", "name").out == "configmap/b\n"


def test_lists_are_taken_apart(kubectl: Kubectl) -> None:
    items = "- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n- {apiVersion: v1, kind: Nothing}\n"
    result = kubectl("create", "-f", "-", stdin=f"apiVersion: v1\nkind: List\nitems:\n{items}")
    assert result.out == "configmap/a created\n"
    assert result.err == ('unable to recognize no matches for kind "Nothing" in version "v1"\n')
    typed = kubectl("create", "-f", "-", stdin="apiVersion: v1\nkind: ConfigMapList\nitems: [{metadata: {name: b}}]\n")
    assert typed.out == "configmap/b created\n"


def test_errors_of_the_sources_come_last_and_as_one(kubectl: Kubectl, tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    for name, text in (("a", "a: ]\n"), ("b", CONFIG_MAP.format("b")), ("c", "kind: ConfigMap\n")):
        (tmp_path / "site" / f"{name}.yaml").write_text(text)
    result = kubectl("replace", "-f", "site")
    assert result.err.splitlines() == [
        'Error from server (NotFound): error when replacing "site/b.yaml": configmaps "b" not found',
        "[error parsing site/a.yaml: error converting YAML to JSON: yaml: did not find expected node content, error "
        'validating "site/c.yaml": error validating data: apiVersion not set; if you choose to ignore these errors, '
        "turn validation off with --validate=false]",
    ]


def test_an_invalid_document_ends_its_file(kubectl: Kubectl) -> None:
    stream = "---\n".join([CONFIG_MAP.format("a"), "kind: ConfigMap\n", CONFIG_MAP.format("c")])
    assert kubectl("create", "-f", "-", stdin=stream).out == "configmap/a created\n"
    lenient = kubectl("create", "-f", "-", "--validate=false", stdin=stream)
    assert lenient.out == "configmap/c created\n"
    assert lenient.err.splitlines()[1] == (
        'Error from server (NotFound): error when creating "STDIN": the server could not find the requested resource '
        "(post configmaps)"
    )


def test_objects_without_apiversion(kubectl: Kubectl) -> None:
    kubectl("create", "-f", "-", stdin=CONFIG_MAP.format("a"))
    bare = "kind: ConfigMap\nmetadata: {name: a}\n"
    assert kubectl("patch", "-f", "-", "-p", '{"data":{"x":"1"}}', stdin=bare).out == "configmap/a patched\n"
    assert kubectl("label", "-f", "-", "x=1", stdin=bare).err == (
        "Error from server (NotFound): the server could not find the requested resource (get configmaps a)\n"
    )
    assert kubectl("label", "-f", "-", "x=1", "--local", stdin=bare).out == "configmap/a labeled\n"
    listed = f"apiVersion: v1\nkind: List\nitems:\n- {bare.splitlines()[0]}\n"
    assert kubectl("label", "-f", "-", "x=1", stdin=listed).err.startswith('unable to get type info from the object "*')


def test_what_is_missing_with_its_namespace(kubectl: Kubectl) -> None:
    kubectl("create", "namespace", "web")
    assert 'configmaps "a" not found' in kubectl("get", "cm", "a", "-n", "web").err
    assert kubectl("get", "cm", "a", "-n", "nope").err == (
        'Error from server (NotFound): namespaces "nope" not found\n'
    )


def test_one_bad_document_does_not_stop_the_others(kubectl: Kubectl) -> None:
    stream = "---\n".join([CONFIG_MAP.format("a"), CONFIG_MAP.format("B"), CONFIG_MAP.format("c")])
    result = kubectl("apply", "-f", "-", stdin=stream)
    assert result.status == 1
    assert result.out == "configmap/a created\nconfigmap/c created\n"
    assert result.err.startswith('The ConfigMap "B" is invalid: metadata.name: Invalid value')


@pytest.mark.parametrize(
    ("args", "err"),
    [
        (["get", "pods", "svc/x"], "there is no need to specify a resource type as a separate argument"),
        (["get", "pods/a/b"], "arguments in resource/name form may not have more than one slash"),
        (["get", "pods/"], "arguments in resource/name form must have a single resource and name"),
        (["get", "things"], 'error: the server doesn\'t have a resource type "things"'),
        (["get", "pods", "x", "-l", "a=b"], "name cannot be provided when a selector is specified"),
        (["get", "pods/x", "-l", "a=b"], "selectors and the all flag cannot be used when passing resource/name"),
        (["get", "pods", "x", "-A"], "a resource cannot be retrieved by name across all namespaces"),
        (["delete", "pods"], "resource(s) were provided, but no name was specified"),
        (["delete"], "You must provide one or more resources by argument or filename."),
        (["delete", "pods", "--all", "-l", "a=b"], "setting 'all' parameter but found a non empty selector. "),
        (["apply", "-f", "nowhere"], 'the path "nowhere" does not exist'),
        (["apply", "-f", "https://example.com/x.yaml"], "minikctl reads nothing from the network"),
        (["apply", "-f", "-", "-f", "-"], "standard input cannot be used for multiple arguments"),
        (["set", "env", "-k", ".", "A=1"], "one or more resources must be specified as <resource> <name>"),
        (["apply", "-k", "x", "-f", "y"], "only one of -f or -k can be specified"),
        (["get", "-f", "-", "pods"], "you may not specify resource arguments as well"),
    ],
)
def test_refusals(kubectl: Kubectl, args: list[str], err: str) -> None:
    result = kubectl(*args)
    assert result.status == 1
    assert err in result.err


def test_a_given_namespace_must_agree(kubectl: Kubectl) -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: default}\n"
    assert kubectl("create", "-f", "-", "-n", "web", stdin=text).err == (
        'error: the namespace from the provided object "default" does not match the namespace "web". You must pass '
        "'--namespace=default' to perform this operation.\n"
    )
    assert kubectl("create", "-f", "-", "-n", "default", stdin=text).out == "configmap/a created\n"


def test_selectors_filter_files(kubectl: Kubectl) -> None:
    stream = "---\n".join([CONFIG_MAP.format("a"), CONFIG_MAP.format("b")])
    result = kubectl("apply", "-f", "-", "-l", "name=b", stdin=stream)
    assert result.out == "configmap/b created\n"
    assert "is not valid" in kubectl("apply", "-f", "-", "-l", "=", stdin=stream).err


@pytest.mark.parametrize("data", [b"\x00\x01\x02", b"\xff\xfe\x00", b"%PDF-1.4\n%\xe2\xe3", b"{", b"[1,2]", b"3"])
def test_files_that_are_no_manifests(kubectl: Kubectl, tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.yaml").write_bytes(data)
    for command in ("apply", "create", "delete", "replace"):
        result = kubectl(command, "-f", "x.yaml")
        assert result.status == (0 if command == "delete" and not result.err else 1)
        assert "Traceback" not in result.err and "internal" not in result.err
    (tmp_path / "x.yaml").unlink()
    (tmp_path / "x.yaml").mkdir()
    assert kubectl("apply", "-f", "x.yaml").err == (
        "error: error reading [x.yaml]: recognized file extensions are [.json .yaml .yml]\n"
    )
