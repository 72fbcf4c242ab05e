"""Kubeconfig: loading, merging, refusals, and the cached copy."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from minikctl.kubectl import kubeconfig
from minikctl.kubectl.errors import KubectlError

Kubectl = Callable[..., Any]


def test_first_use_makes_config_and_cluster(kubectl: Kubectl, tmp_path: Path) -> None:
    assert kubectl("get", "ns", "default", "-o", "name").out == "namespace/default\n"
    assert kubectl("config", "current-context").out == "minikctl\n"
    server = kubectl("config", "view", "-o", "jsonpath={.clusters[0].cluster.server}").out
    assert server == f"sqlite://{tmp_path}/home/clusters/minikctl.db"
    assert oct(os.stat(tmp_path / "home" / "config").st_mode & 0o777) == "0o600"


def test_the_cached_copy_follows_the_file(kubectl: Kubectl, tmp_path: Path) -> None:
    kubectl("get", "ns")
    kubectl("get", "ns")
    assert json.loads((tmp_path / "home/cache/kubeconfig.json").read_text())["config"]["kind"] == "Config"
    kubectl("config", "set-context", "--current", "--namespace=web")
    assert kubectl("get", "cm").err == "No resources found in web namespace.\n"
    (tmp_path / "home/cache/kubeconfig.json").write_text("{broken")
    assert kubectl("get", "cm").err == "No resources found in web namespace.\n"


def test_files_merge_and_the_first_wins(kubectl: Kubectl, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("contexts: [{name: x, context: {namespace: one}}]\n")
    (tmp_path / "b").write_text(
        "current-context: x\ncontexts: [{name: x, context: {namespace: two}}, {name: z, context: {}}]\n"
    )
    config = kubeconfig.load("", {"KUBECONFIG": f"{tmp_path}/a:{tmp_path}/b:{tmp_path}/none"}, cached=False)
    assert config.current_context == "x"
    empty = {"cluster": "", "user": ""}
    assert config.sections["contexts"] == {"x": {**empty, "namespace": "one"}, "z": empty}
    assert config.origin["contexts", "z"] == f"{tmp_path}/b"


def test_changes_go_to_the_file_an_entry_came_from(kubectl: Kubectl, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("current-context: x\ncontexts: [{name: x, context: {cluster: c}}]\n")
    (tmp_path / "b").write_text("contexts: [{name: z, context: {cluster: d}}]\n")
    env = {"KUBECONFIG": f"{tmp_path}/a:{tmp_path}/b"}
    assert kubectl("config", "set-context", "z", "--namespace=web", **env).out == 'Context "z" modified.\n'
    assert "namespace: web" in (tmp_path / "b").read_text()
    assert "namespace" not in (tmp_path / "a").read_text()


@pytest.mark.parametrize(
    ("server", "words"),
    [
        ("https://10.0.0.1:6443", "minikctl never talks to a real cluster"),
        ("etcd://localhost:2379", "not supported yet"),
        ("", "The connection to the server localhost:8080 was refused"),
    ],
)
def test_other_servers_are_refused(server: str, words: str) -> None:
    with pytest.raises(KubectlError, match=words):
        kubeconfig.store_path(server)


@pytest.mark.parametrize(
    ("args", "err"),
    [
        (["--context=x", "get", "ns"], "Error in configuration: context was not found for specified context: x\n"),
        (["--context=x", "version"], 'error: context "x" does not exist\n'),
        (["--cluster=x", "create", "ns", "a"], 'error: cluster "x" does not exist\n'),
        (["--namespace=a/b", "get", "pod", "x"], "error: invalid namespace \"a/b\": [may not contain '/']\n"),
        (["get", "pod", ".."], "error: invalid resource name \"..\": [may not be '..']\n"),
        (
            ["--token=x", "--username=y", "get", "ns"],
            "error: more than one authentication method found for minikctl; found [token basicAuth], only one is "
            "allowed\n",
        ),
        (
            ["--client-certificate=none", "get", "ns"],
            "Error in configuration: \n* client-key-data or client-key must be specified for minikctl to use the "
            "clientCert authentication method.\n"
            "* unable to read client-cert none for minikctl due to open none: no such file or directory\n",
        ),
        (
            ["--certificate-authority=none", "get", "ns"],
            "error: unable to read certificate-authority none for minikctl due to open none: no such file or "
            "directory\n",
        ),
        (["--cluster=x", "get", "ns"], 'error: no server found for cluster "x"\n'),
        (["--user=x", "get", "ns"], 'error: auth info "x" does not exist\n'),
        (["--kubeconfig=x", "get", "ns"], "error: stat x: no such file or directory\n"),
        (
            ["--request-timeout=x", "get", "ns"],
            "error: Invalid timeout value. Timeout must be a single integer in seconds, or an integer followed by a "
            "corresponding time unit (e.g. 1s | 2m | 3h)\n",
        ),
    ],
)
def test_what_does_not_exist(kubectl: Kubectl, args: list[str], err: str) -> None:
    result = kubectl(*args)
    assert (result.status, result.out, result.err) == (1, "", err)


@pytest.mark.parametrize(
    "text", ["clusters: 7", "- a", "clusters: [3]", "users: [{user: 3}]", "current-context: 3", "a: [", "\x00"]
)
def test_rotten_files_are_one_line(kubectl: Kubectl, tmp_path: Path, text: str) -> None:
    (tmp_path / "rotten").write_text(text)
    result = kubectl("--kubeconfig=rotten", "get", "ns")
    assert result.status == 1
    assert result.err.startswith('error: error loading config file "rotten": ')
    assert result.err.count("\n") == 1


def test_a_directory_that_cannot_be_written_is_no_reason_to_fail(kubectl: Kubectl, tmp_path: Path) -> None:
    kubectl("get", "ns")
    cache = tmp_path / "home" / "cache"
    for file in cache.iterdir():
        file.unlink()
    cache.rmdir()
    cache.write_text("in the way")
    assert kubectl("get", "ns", "default", "-o", "name").out == "namespace/default\n"


def test_paths_that_config_set_cannot_follow(kubectl: Kubectl) -> None:
    kubectl("get", "ns")
    assert kubectl("config", "set", "x.y", "z").err == "error: unable to parse x.y after [] at api.Config\n"
    deep = kubectl("config", "set", "clusters.minikctl.server.x", "z")
    assert deep.err == "error: unable to parse one or more field values of clusters.minikctl.server.x\n"
    assert kubectl("config", "set", "contexts.minikctl", "z").err.startswith("error: can't set a map to a value: map[")
    bad = kubectl("config", "set", "users.u.client-key-data", "abc")
    assert bad.err == "error: error decoding input value: illegal base64 data at input byte 0\n"
    assert kubectl("config", "unset", "clusters.minikctl.zz").out == 'Property "clusters.minikctl.zz" unset.\n'


def test_what_is_no_kubeconfig(kubectl: Kubectl, tmp_path: Path) -> None:
    (tmp_path / "c").write_text("kind: Foo\n")
    assert kubectl("config", "view", KUBECONFIG=str(tmp_path / "c")).err == (
        f'error: error loading config file "{tmp_path}/c": no kind "Foo" is registered for version "v1" in scheme '
        '"k8s.io/client-go/tools/clientcmd/api/latest/latest.go:50"\n'
    )


def test_json_shows_the_struct_with_go_s_escapes(kubectl: Kubectl, tmp_path: Path) -> None:
    (tmp_path / "c").write_text('clusters: [{name: "a<b", cluster: {server: "https://x?a&b"}}]\n')
    shown = kubectl("config", "view", "-o", "JSON", KUBECONFIG=str(tmp_path / "c")).out
    assert shown.startswith('{\n    "kind": "Config",\n    "apiVersion": "v1",\n    "clusters": [\n')
    assert '"name": "a\\u003cb"' in shown and '"server": "https://x?a\\u0026b"' in shown


def test_names_are_not_always_checked(kubectl: Kubectl) -> None:
    kubectl("get", "ns")
    assert kubectl("config", "current-context", "whatever").out == "minikctl\n"
    shown = kubectl("config", "delete-cluster")
    assert (shown.status, shown.out.startswith("Delete a cluster"), shown.err) == (0, True, "")
    assert kubectl("config", "delete-user").err.startswith("error: user to delete is required\nSee ")


def test_files_are_named_relative_to_the_kubeconfig_they_stand_in(kubectl: Kubectl, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "ca.crt").write_text("an authority")
    config = {"KUBECONFIG": str(tmp_path / "sub" / "config")}
    kubectl("config", "set-cluster", "a", "--certificate-authority=sub/ca.crt", **config)
    kubectl("config", "set-cluster", "b", "--certificate-authority=other/ca.crt", **config)
    shown = json.loads(kubectl("config", "view", "-o", "json", **config).out)["clusters"]
    assert [entry["cluster"]["certificate-authority"] for entry in shown] == ["ca.crt", str(tmp_path / "other/ca.crt")]
    kubectl("config", "delete-cluster", "b", **config)
    flat = json.loads(kubectl("config", "view", "-o", "json", "--flatten", **config).out)["clusters"]
    assert flat[0]["cluster"] == {"server": "", "certificate-authority-data": "YW4gYXV0aG9yaXR5"}


def test_what_set_cluster_and_set_credentials_take_back(kubectl: Kubectl) -> None:
    kubectl("config", "set-cluster", "a", "--server=x", "--tls-server-name=n", "--insecure-skip-tls-verify")
    kubectl("config", "set-cluster", "a", "--server=y")
    kubectl("config", "set-credentials", "u", "--exec-command=c", "--exec-arg=a,b", "--exec-env=X=1", "--exec-env=Y=2")
    kubectl("config", "set-credentials", "u", "--exec-command=d", "--exec-env=X-")
    shown = json.loads(kubectl("config", "view", "-o", "json").out)
    assert shown["clusters"][0] == {"name": "a", "cluster": {"server": "y"}}
    plugin = next(entry["user"]["exec"] for entry in shown["users"] if entry["name"] == "u")
    assert (plugin["command"], plugin["args"], plugin["env"]) == ("d", None, [{"name": "Y", "value": "2"}])
    wrong = kubectl("config", "set-credentials", "u", "--exec-env=X", "--exec-env=-")
    assert wrong.err == "error: invalid exec-env format: X, -\n"


def test_a_renamed_context_stays_in_its_file(kubectl: Kubectl, tmp_path: Path) -> None:
    for name in ("one", "two"):
        kubectl("config", f"--kubeconfig={name}", "set-context", name)
    kubectl("config", "rename-context", "two", "three", KUBECONFIG="one:two")
    assert kubectl("config", "--kubeconfig=two", "get-contexts", "-o", "name").out == "three\n"
    assert kubectl("config", "--kubeconfig=one", "get-contexts", "-o", "name").out == "one\n"
