"""Kustomizations build to what kustomize v5.5 makes of them, byte for byte.

Each file of kustomizations/ holds a kustomization's files and the output and errors that a real `kubectl
kustomize` printed ($DIR stands for the directory). The kustomization in `top/`, if there is one, is built.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minikctl.kubectl.kustomize import nodes
from minikctl.kubectl.kustomize.fieldspecs import split_path
from minikctl.kubectl.kustomize.merge import merge
from minikctl.kubectl.kustomize.problem import KustomizeError
from minikctl.kubectl.kustomize.replacements import split_field_path
from minikctl.kubectl.kustomize.target import build
from minikctl.kubectl.kustomize.transformers import new_image, split_image
from minikctl.kubectl.kustomize.variables import expand

Kubectl = Callable[..., Any]

CASES = Path(__file__).parent / "kustomizations"


def unpack(case: Path, directory: Path) -> tuple[str, str]:
    """Write a case's files; returns the expected output and errors."""
    files: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in case.read_text(encoding="utf-8").splitlines(keepends=True):
        if line.startswith("-- ") and line.endswith(" --\n"):
            lines = files.setdefault(line[3:-4], [])
        else:
            lines.append(line)
    texts = {name: "".join(content) for name, content in files.items()}
    expected = texts.pop("out"), texts.pop("err").replace("$DIR", str(directory))
    for name, text in texts.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return expected


@pytest.mark.parametrize("case", sorted(CASES.glob("*.txt")), ids=lambda case: str(case.stem))
def test_build(case: Path, kubectl: Kubectl, tmp_path: Path) -> None:
    directory = tmp_path / "case"
    out, err = unpack(case, directory)
    top = directory / "top"
    found = kubectl("kustomize", str(top if top.exists() else directory))
    assert (found.out, found.err) == (out, err)
    assert found.status == (1 if "error: " in err else 0)


def kustomization(directory: Path, text: str, **files: str) -> Path:
    directory.mkdir(exist_ok=True)
    (directory / "kustomization.yaml").write_text(text)
    for name, content in files.items():
        (directory / f"{name}.yaml").write_text(content)
    return directory


CONFIGMAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"


def test_apply_get_and_delete_take_a_directory(kubectl: Kubectl, tmp_path: Path) -> None:
    directory = str(kustomization(tmp_path / "k", "namePrefix: x-\nresources: [a.yaml]\n", a=CONFIGMAP))
    assert kubectl("apply", "-k", directory).out == "configmap/x-a created\n"
    assert kubectl("get", "-k", directory, "-o", "name").out == "configmap/x-a\n"
    assert kubectl("delete", "-k", directory).out == 'configmap "x-a" deleted from default namespace\n'
    assert kubectl("apply", "-k", directory, "-f", "x").err == "error: only one of -f or -k can be specified\n"


def test_output_goes_to_a_file_or_a_directory(kubectl: Kubectl, tmp_path: Path) -> None:
    directory = str(kustomization(tmp_path / "k", "resources: [a.yaml]\n", a=CONFIGMAP))
    kubectl("kustomize", directory, "-o", "one.yaml")
    assert (tmp_path / "one.yaml").read_text() == "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n"
    (tmp_path / "many").mkdir()
    kubectl("kustomize", directory, "-o", "many")
    assert [path.name for path in (tmp_path / "many").iterdir()] == ["v1_configmap_a.yaml"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("resources: [https://example.com/a.yaml]\n", "minikctl reads nothing from the network"),
        ("resources: [github.com/a/b]\n", "minikctl reads nothing from the network"),
        ("crds: [a.json]\n", "the field 'crds' of kustomization.yaml is not supported by minikctl"),
        ("openapi: {path: a.json}\n", "the field 'openapi' of kustomization.yaml is not supported by minikctl"),
        ("validators: [a.yaml]\n", "the field 'validators' of kustomization.yaml is not supported by minikctl"),
        ("helmCharts: [{name: a}]\n", "must specify --enable-helm"),
    ],
)
def test_what_is_not_supported_says_so(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(KustomizeError, match=message.replace(".", r"\.")):
        build(str(kustomization(tmp_path, text)), lambda warning: None)


def test_apply_keeps_the_order_of_the_files(tmp_path: Path) -> None:
    objects = CONFIGMAP + "---\n" + CONFIGMAP.replace("ConfigMap", "Namespace")
    directory = str(kustomization(tmp_path, "resources: [a.yaml]\n", a=objects))
    assert [obj["kind"] for obj in build(directory, lambda text: None)] == ["ConfigMap", "Namespace"]
    assert [obj["kind"] for obj in build(directory, lambda text: None, legacy=True)] == ["Namespace", "ConfigMap"]


def test_files_outside_need_permission(tmp_path: Path) -> None:
    (tmp_path / "out.txt").write_text("x")
    text = "configMapGenerator: [{name: a, files: [../out.txt], options: {disableNameSuffixHash: true}}]\n"
    directory = str(kustomization(tmp_path / "k", text))
    with pytest.raises(KustomizeError, match="security; file"):
        build(directory, lambda warning: None)
    assert build(directory, lambda warning: None, restricted=False)[0]["data"] == {"out.txt": "x"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"), ("true", True), ("010", 8), ("0x10", 16), ("1_000", 1000), ("1.50", 1.5), ("1e3", 1000),
        ("2001-01-01", "2001-01-01T00:00:00Z"), ("2001-12-14t21:59:43.10-05:00", "2001-12-14T21:59:43.1-05:00"),
        ("~", None), ("", None), ("text", "text"), ("12345678901234567890123", 1.2345678901234568e22),
    ],
)  # fmt: skip
def test_plain_scalars_follow_yaml_1_2(text: str, value: object) -> None:
    [node] = nodes.parse(f"x: {text}\n".encode())
    assert nodes.plain(node) == {"x": value}
    if text:
        assert nodes.text(node["x"]) == (text if text != "~" else "null")


@given(st.dictionaries(st.text(min_size=1), st.one_of(st.integers(), st.text(), st.booleans()), max_size=5))
def test_an_empty_patch_changes_nothing(content: dict[str, object]) -> None:
    node = {"data": dict(content)}
    assert merge({}, node) == {"data": content}
    assert merge({"data": dict(content)}, node) == {"data": content}


@given(st.text(alphabet="ab/", min_size=1).filter(lambda text: "//" not in text))
def test_escaped_separators_do_not_split(name: str) -> None:
    assert split_path(f"x/{name.replace('/', chr(92) + '/')}/y") == ["x", name, "y"]


def test_field_paths() -> None:
    assert split_field_path("a.[b=c.d].e") == ["a", "[b=c.d]", "e"]
    assert split_field_path(r"metadata.annotations.a\.b/c") == ["metadata", "annotations", "a.b/c"]


@pytest.mark.parametrize(
    ("image", "parts"),
    [
        ("nginx", ("nginx", "", "")),
        ("nginx:1", ("nginx", "1", "")),
        ("host:5000/a/nginx", ("host:5000/a/nginx", "", "")),
        ("host:5000/nginx:1@sha256:ab", ("host:5000/nginx", "1", "sha256:ab")),
        ("nginx@sha256:ab", ("nginx", "", "sha256:ab")),
    ],
)
def test_image_references(image: str, parts: tuple[str, str, str]) -> None:
    assert split_image(image) == parts
    assert new_image(image, {}) == image


def test_variables() -> None:
    used: set[str] = set()
    values = {"A": "x", "N": 5}
    assert expand("$(N)", values, used) == 5
    assert expand("a$(A)$(N) $$(A) $(B) $", values, used) == "ax5 $(A) $(B) $"
    assert used == {"A", "N"}
