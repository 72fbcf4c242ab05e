"""Input that cannot be right: one clear error, a status that is not 0, and what was stored stays as it was."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HEAD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n"
BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join(['*' + old] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)

CASES: dict[str, tuple[bytes, str]] = {
    "bomb": ((BOMB + HEAD).encode(), "document contains excessive aliasing"),
    "nul": ((HEAD + 'data: {a: "b\0c"}\n').encode(), "control characters are not allowed"),
    "binary": (bytes(range(256)) * 20, "error parsing"),
    "latin": (HEAD.encode() + b'data: {a: "\xff"}\n', "invalid leading UTF-8 octet"),
    "deep-json": (b'{"a":' * 50_000, "exceeded max depth"),
    "deep-yaml": (b"a: " + b"[" * 20_000, "exceeded max depth"),
    "tab": (b"a:\n\tb: c\n", "found character that cannot start any token"),
    "list": (b"- a\n- b\n", "invalid object to validate"),
    "empty": (b"", "no objects passed to apply"),
    "no-kind": (b"metadata: {name: x}\n", "[apiVersion not set, kind not set]"),
    "alias": (b"a: *x\n", "unknown anchor 'x' referenced"),
    "half": (b'{"apiVersion": "v1", "kind"', "error parsing"),
    "number-as-name": (b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: 5}\n", "metadata"),
}


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_bad_file_gets_one_clear_error(shell: Any, tmp_path: Path, name: str) -> None:
    content, message = CASES[name]
    path = tmp_path / f"{name}.yaml"
    path.write_bytes(content)
    answer = shell.run("apply", "-f", str(path))
    assert answer.status == 1
    assert message in answer.err
    assert "internal error" not in answer.err
    assert answer.out == ""
    assert shell.ok("get", "configmaps", "-o", "name") == "configmap/kube-root-ca.crt\n"


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("create service clusterip s --tcp=80:²", "must contain only alpha-numeric characters"),
        ("create service clusterip s --tcp=²:80", "strconv.ParseUint: parsing"),
        (f"create service clusterip s --tcp={'9' * 5000}", "value out of range"),
        ("create pdb p --selector=a=b --min-available=²", "invalid format specified for min-available"),
        ("create pdb p --selector=a=b --min-available=--5", "invalid format specified for min-available"),
        ("create ingress i --rule=a/=s:² --dry-run=server", "spec.rules[0].http.paths[0].backend.service.port.name"),
        ("get --raw /api/v1/pods?watch=1&resourceVersion=²", 'strconv.ParseUint: parsing "²": invalid syntax'),
        ("get --raw /api/v1/pods?limit=²", 'strconv.ParseInt: parsing "²": invalid syntax'),
    ],
)
def test_digits_of_other_scripts_are_no_numbers(shell: Any, command: str, message: str) -> None:
    answer = shell.run(*command.split())
    assert answer.status == 1
    assert message in answer.err


@pytest.mark.parametrize(
    ("obj", "command", "message"),
    [
        (
            {"apiVersion": 3, "kind": "Deployment"},
            "create --validate=false",
            "cannot unmarshal number into Go struct field metadataOnlyObject.TypeMeta.apiVersion of type string",
        ),
        (
            {"apiVersion": {}, "kind": "ConfigMap"},
            "set env --local A=b",
            "couldn't get version/kind; json parse error: "
            "json: cannot unmarshal object into Go struct field .apiVersion of type string",
        ),
        (
            {"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": ["a"], "kind": "ConfigMap"}]},
            "create --validate=false",
            "Object 'apiVersion' is missing in 'object has no apiVersion field'",
        ),
        (
            {"apiVersion": "v1", "kind": "List", "items": [{"apiVersion": "v1", "kind": 4}]},
            "set env --local A=b",
            "cannot unmarshal number into Go struct field .kind of type string",
        ),
    ],
)
def test_a_type_that_is_no_text_is_told_as_the_decoder_tells_it(
    shell: Any, obj: dict[str, Any], command: str, message: str
) -> None:
    answer = shell.run(*command.split(), "-f", "-", stdin=json.dumps(obj))
    assert (answer.status, answer.out) == (1, "")
    assert message in answer.err


def test_half_a_surrogate_pair_becomes_the_replacement_character(shell: Any) -> None:
    text = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"},"data":{"a":"\\ud800!"}}'
    shell.ok("apply", "-f", "-", stdin=text)
    assert shell.ok("get", "configmap", "x", "-o", "jsonpath={.data.a}") == "\ufffd!"


def test_a_huge_object_is_refused(shell: Any, tmp_path: Path) -> None:
    path = tmp_path / "big.yaml"
    path.write_text(HEAD + "data:\n  a: " + "x" * 2_000_000 + "\n")
    answer = shell.run("create", "-f", str(path))
    assert (answer.status, answer.out) == (1, "")
    assert "Too long: may not be more than 1048576 bytes" in answer.err


def test_a_write_that_does_not_fit_the_disk_changes_nothing(tmp_path: Path) -> None:
    """The file size limit of the process stands for a full disk."""
    env = {
        "PATH": os.environ["PATH"],
        "MINIKCTL_HOME": str(tmp_path),
        "HOME": str(tmp_path),
        "MINIKCTL_PROFILE": "bare",
    }
    command = [sys.executable, "-m", "minikctl"]
    subprocess.run([*command, "get", "nodes"], env=env, capture_output=True, check=True)
    (tmp_path / "blob").write_text("x" * 900_000)
    script = "import resource, sys; from minikctl.kubectl.main import run;"
    script += "resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, 500_000));"
    script += f"sys.exit(run(['minikctl', 'create', 'configmap', 'big', '--from-file={tmp_path}/blob']))"
    done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr
    again = subprocess.run([*command, "get", "configmaps", "-o", "name"], env=env, capture_output=True, text=True)
    assert again.stdout == "configmap/kube-root-ca.crt\n"
    checked = subprocess.run([*command, "cluster", "check"], env=env, capture_output=True, text=True)
    assert checked.stdout == "ok\n"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_named(shell: Any, tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    answer = shell.run("get", "pods", "-s", f"sqlite://{closed}/x.db")
    assert answer.status == 1
    assert "Permission denied" in answer.err


def test_a_damaged_cluster_file_is_named_and_left_alone(shell: Any, tmp_path: Path) -> None:
    shell.ok("create", "configmap", "x")
    path = tmp_path / "home" / "clusters" / "minikctl.db"
    shell.ok("cluster", "snapshot", str(tmp_path / "copy.db"))
    whole = (tmp_path / "copy.db").read_bytes()
    damaged = whole[:100] + os.urandom(4000) + whole[4100:]
    other = tmp_path / "damaged.db"
    other.write_bytes(damaged)
    answer = shell.run("get", "configmaps", "-s", f"sqlite://{other}")
    assert answer.status == 1
    assert str(other) in answer.err
    assert "Traceback" not in answer.err and "internal error" not in answer.err
    assert other.read_bytes() == damaged
    assert path.exists()


def test_damage_found_while_reading_is_named(shell: Any, tmp_path: Path) -> None:
    shell.ok("create", "configmap", "x")
    copy = tmp_path / "damaged.db"
    shell.ok("cluster", "snapshot", str(copy))
    pages = copy.read_bytes()
    copy.write_bytes(pages[:4096] + bytes(len(pages) - 4096))
    for command in (("get", "configmaps"), ("create", "configmap", "y"), ("cluster", "info")):
        answer = shell.run(*command, "-s", f"sqlite://{copy}")
        assert answer.status == 1
        assert answer.err.startswith(f"error: {copy} is damaged (") and answer.err.count("\n") == 1


def test_more_than_a_server_reads_is_refused(shell: Any, tmp_path: Path) -> None:
    data = {f"key-{number}": "x" * 1000 for number in range(4000)}
    manifest = tmp_path / "big.json"
    manifest.write_text(json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "b"}, "data": data}))
    answer = shell.run("create", "-f", str(manifest))
    assert answer.status == 1
    said = f'error when creating "{manifest}": Request entity too large: limit is 3145728'
    assert answer.err == f"Error from server (RequestEntityTooLarge): {said}\n"


METADATA = {
    "{name: 3}": "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.name of type string",
    "3": "json: cannot unmarshal number into Go struct field metadataOnlyObject.metadata of type v1.ObjectMeta",
    "{name: a, namespace: [3]}": "json: cannot unmarshal array into Go struct field ObjectMeta.metadata.namespace of "
    "type string",
    "{name: a, labels: {a: 3}}": "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of "
    "type string",
}
READING_FILES = (("create",), ("create", "--dry-run=client"), ("apply",), ("replace",), ("delete",), ("label", "a=b"))


@pytest.mark.parametrize("metadata", METADATA)
@pytest.mark.parametrize("command", READING_FILES)
def test_metadata_is_read_before_anything_is_sent(shell: Any, metadata: str, command: tuple[str, ...]) -> None:
    text = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {metadata}\n"
    answer = shell.run(*command, "-f", "-", stdin=text)
    assert (answer.status, answer.out) == (1, "")
    assert answer.err == f'error: unable to decode "STDIN": {METADATA[metadata]}\n'


def test_commands_on_typed_objects_read_all_of_them(shell: Any) -> None:
    text = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {template: 3}\n"
    answer = shell.run("set", "image", "--local", "-f", "-", "c=i", stdin=text)
    why = "json: cannot unmarshal number into Go struct field DeploymentSpec.spec.template of type v1.PodTemplateSpec"
    assert answer.err == f'error: unable to decode "STDIN": {why}\n'
    odd = shell.run("set", "image", "--local", "-f", "-", "c=i", stdin="apiVersion: x/v1\nkind: Foo\nmetadata: {}\n")
    scheme = 'no kind "Foo" is registered for version "x/v1" in scheme "pkg/scheme/scheme.go:28"'
    assert odd.err == f'error: unable to decode "STDIN": {scheme}\n'


def test_commands_that_collect_errors_print_them_without_prefix(shell: Any) -> None:
    """get and describe hold what the builder met among their own errors; kubectl prints such as they are."""
    text = "apiVersion: x/v1\nkind: Foo\nmetadata: {name: a}\n"
    why = 'resource mapping not found for name: "a" namespace: "" from "STDIN": no matches for kind "Foo" in version '
    for command in (("get",), ("describe",)):
        assert shell.run(*command, "-f", "-", stdin=text).err.startswith(why)
    assert shell.run("label", "a=b", "-f", "-", stdin=text).err.startswith(f"error: {why}")
    restart = shell.run("rollout", "restart", "-f", "-", stdin=text)
    assert restart.err.startswith('unable to decode "STDIN": no kind "Foo" is registered for version "x/v1"')


@pytest.mark.parametrize("command", [("label", "a=b"), ("annotate", "a=b"), ("describe",), ("scale", "--replicas=1")])
def test_an_object_without_a_name_is_not_asked_for(shell: Any, command: tuple[str, ...]) -> None:
    answer = shell.run(*command, "-f", "-", stdin="apiVersion: v1\nkind: ConfigMap\nmetadata: {}\n")
    assert (answer.status, answer.out, answer.err) == (1, "", "error: resource name may not be empty\n")
