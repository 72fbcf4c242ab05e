"""set image, env, resources, selector, serviceaccount, subject."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minikctl.kubectl import environment, podspecs
from minikctl.kubectl.cmd.set_resources import resource_list
from minikctl.kubectl.errors import KubectlError

Kubectl = Callable[..., Any]

POD = """
apiVersion: v1
kind: Pod
metadata: {name: p}
spec:
  initContainers: [{name: init, image: 'i:1'}]
  containers: [{name: web, image: 'w:1'}, {name: log, image: 'l:1'}]
"""


@pytest.fixture
def web(kubectl: Kubectl) -> Kubectl:
    """kubectl on a cluster with the deployment web, a ConfigMap and a Secret."""
    kubectl("create", "deployment", "web", "--image=web:1")
    kubectl("create", "configmap", "settings", "--from-literal=log.level=debug")
    kubectl("create", "secret", "generic", "key", "--from-literal=pin=0000")
    return kubectl


def container(kubectl: Kubectl) -> dict[str, Any]:
    obj = json.loads(kubectl("get", "deploy", "web", "-o", "json").out)
    found: dict[str, Any] = obj["spec"]["template"]["spec"]["containers"][0]
    return found


@pytest.mark.parametrize(
    ("name", "pattern", "expected"),
    [
        ("web", "*", True),
        ("web", "web", True),
        ("web", "we", False),
        ("web-1", "web*", True),
        ("my-web", "web*", False),
        ("my-web", "*web", True),
        ("abc", "a*c", True),
        ("ac", "a*bc", False),
        ("aba", "ab*ba", False),
    ],
)
def test_wildcards(name: str, pattern: str, expected: bool) -> None:
    assert podspecs.matches(name, pattern) is expected


@given(st.text("ab", max_size=6), st.text("ab", max_size=3), st.text("ab", max_size=3))
def test_a_wildcard_stands_for_anything(middle: str, before: str, after: str) -> None:
    assert podspecs.matches(before + middle + after, f"{before}*{after}")


def test_set_image(web: Kubectl) -> None:
    assert web("set", "image", "deploy/web", "web=web:2").out == "deployment.apps/web image updated\n"
    assert web("set", "image", "deploy/web", "web=web:2").out == ""
    assert container(web)["image"] == "web:2"
    assert web("set", "image", "deploy/web", "pump=x").err == 'error: unable to find container named "pump"\n'
    assert web("set", "image", "deploy/web").err == "error: at least one image update is required\n"
    assert web("set", "image", "deploy/web", "*=a", "web=b").err.startswith(
        "error: all containers are already specified by *"
    )
    assert web("set", "image", "cm/settings", "*=a").err == (
        "error: configmaps/settings the object is not a pod or does not have a pod template: *v1.ConfigMap\n"
    )


def test_set_image_locally(kubectl: Kubectl) -> None:
    path = "jsonpath={..image}"
    result = kubectl("set", "image", "--local", "-f", "-", "*=new:1", "-o", path, stdin=POD)
    assert result.out == "new:1 new:1 new:1"
    result = kubectl("set", "image", "--local", "pod/p", "*=new:1")
    assert result.err.startswith("error: you must specify resources by --filename when --local is set.\n")


def test_set_resources(web: Kubectl) -> None:
    args = ("--requests=cpu=50m", "--limits=cpu=0.1,memory=64Mi")
    assert web("set", "resources", "deploy/web", *args).out == "deployment.apps/web resource requirements updated\n"
    assert container(web)["resources"] == {
        "limits": {"cpu": "100m", "memory": "64Mi"},
        "requests": {"cpu": "50m"},
    }
    assert web("set", "resources", "deploy/web").err.startswith(
        "error: you must specify an update to requests or limits"
    )
    assert web("set", "resources", "deploy/web", "-c", "x", "--limits=cpu=1").err == (
        "error: unable to find container named x\n"
    )


def test_resource_lists() -> None:
    assert resource_list("") == {}
    assert resource_list("cpu=1000m") == {"cpu": "1"}
    with pytest.raises(KubectlError, match="Invalid argument syntax cpu, expected <resource>=<value>"):
        resource_list("cpu")
    with pytest.raises(KubectlError, match="quantities must match"):
        resource_list("cpu=x")


def test_set_env(web: Kubectl) -> None:
    assert web("set", "env", "deploy/web", "A=1", "B=2").out == "deployment.apps/web env updated\n"
    web("set", "env", "deploy/web", "A=3", "B-", "-e", "C=4")
    assert container(web)["env"] == [{"name": "A", "value": "3"}, {"name": "C", "value": "4"}]
    assert web("set", "env", "deploy/web", "A=9", "--overwrite=false").err == (
        "error: deployments/web 'A' already has a value (3), and --overwrite is false\n"
    )
    assert web("set", "env", "deploy/web", "A=1", "-c", "x").err == (
        'Warning: Deployment/web does not have any containers matching "x"\n'
    )


def test_set_env_from_objects(web: Kubectl) -> None:
    result = web("set", "env", "deploy/web", "--from=configmap/settings", "--prefix=APP_")
    assert result.err == "Warning: key log.level transferred to LOG_LEVEL\n"
    web("set", "env", "deploy/web", "--from=secret/key")
    assert web("set", "env", "deploy/web", "--list").out == (
        "# Deployment web, container web\n"
        "# APP_LOG_LEVEL from configmap settings, key log.level\n"
        "# PIN from secret key, key pin\n"
    )
    assert web("set", "env", "deploy/web", "--list", "--resolve").out == (
        "# Deployment web, container web\nAPP_LOG_LEVEL=debug\nPIN=0000\n"
    )
    assert web("set", "env", "deploy/web", "--from=svc/kubernetes").err == (
        "error: unsupported resource specified in --from\n"
    )


def test_arguments_of_set_env() -> None:
    assert environment.split_arguments(["deploy/web", "A=1", "B-"]) == (["deploy/web"], ["A=1", "B-"])
    with pytest.raises(KubectlError, match="all resources must be specified before environment changes: A=1 web"):
        environment.split_arguments(["A=1", "web"])
    found = environment.parse(["A=1", "-", "C-"], io.StringIO("# none\nB=2 # two\nplain\n"))
    assert found == ([{"name": "A", "value": "1"}, {"name": "B", "value": "2 "}], ["C"])
    with pytest.raises(KubectlError, match="can not both modify and remove the same environment variable"):
        environment.parse(["A=1", "A-"], io.StringIO())
    with pytest.raises(KubectlError, match=r'^"BAD NAME" is not a valid key name: '):
        environment.parse(["BAD NAME=1"], io.StringIO())


def test_values_of_references() -> None:
    obj = {"metadata": {"name": "p", "namespace": "n", "uid": "u", "labels": {"b": "2", "a": '"'}}}
    assert environment.field_value(obj, "metadata.name") == "p"
    assert environment.field_value(obj, "metadata.labels['b']") == "2"
    assert environment.field_value(obj, "metadata.labels") == 'a="\\""\nb="2"'
    with pytest.raises(KubectlError, match=r"unsupported fieldPath: status\.podIP"):
        environment.field_value(obj, "status.podIP")
    container = {"resources": {"limits": {"cpu": "1500m", "memory": "3Mi"}}}
    assert environment.resource_value({"resource": "limits.cpu"}, container) == "2"
    assert environment.resource_value({"resource": "limits.memory", "divisor": "1Mi"}, container) == "3"
    assert environment.resource_value({"resource": "requests.cpu", "divisor": "1m"}, container) == "0"


def test_set_serviceaccount(web: Kubectl) -> None:
    web("create", "serviceaccount", "robot")
    assert web("set", "sa", "deploy/web", "robot").out == "deployment.apps/web serviceaccount updated\n"
    path = "jsonpath={.spec.template.spec.serviceAccountName}"
    assert web("get", "deploy", "web", "-o", path).out == "robot"
    assert web("set", "sa").err == "error: serviceaccount is required\n"


def test_set_selector(web: Kubectl) -> None:
    web("create", "service", "clusterip", "svc", "--tcp=80")
    assert web("set", "selector", "svc/svc", "a=b,c=d").out == "service/svc selector updated\n"
    assert json.loads(web("get", "svc", "svc", "-o", "jsonpath={.spec.selector}").out) == {"a": "b", "c": "d"}
    assert (
        web("set", "selector", "deploy/web", "a=b").err == "error: setting a selector is only supported for Services\n"
    )
    assert "match expression [{a In [x y]}] not supported" in web("set", "selector", "svc/svc", "a in (x,y)").err


def test_set_subject(web: Kubectl) -> None:
    web("create", "clusterrolebinding", "b", "--clusterrole=view", "--user=ann")
    args = ("--user=bob", "--group=ops", "--serviceaccount=default:robot")
    assert web("set", "subject", "clusterrolebinding/b", *args).status == 0
    names = web("get", "clusterrolebinding", "b", "-o", "jsonpath={.subjects[*].name}").out
    assert names == "ann bob ops robot"
    assert web("set", "subject", "clusterrolebinding/b", "--serviceaccount=robot").err == (
        "error: serviceaccount must be <namespace>:<name>\n"
    )


TWO = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      containers: [{name: c, image: "c:1"}]
      initContainers: [{name: i, image: "i:1"}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  ports: [{port: 80}]
"""


def test_local_files_stay_where_they_are(kubectl: Any) -> None:
    output = "jsonpath={.metadata.namespace}{..image}"
    done = kubectl("set", "image", "-f", "-", "c=x:1", "--local", "-o", output, stdin=TWO)
    assert done.out == "x:1 i:1"
    assert done.err == "error: service/web the object is not a pod or does not have a pod template: *v1.Service\n"


def test_a_local_selector_shows_what_the_struct_always_has(kubectl: Any) -> None:
    done = kubectl("set", "selector", "-f", "-", "a=b", "--local", "-o", "jsonpath={.spec.ports}{.status}", stdin=TWO)
    assert done.out.endswith('[{"port":80,"targetPort":0}]{"loadBalancer":{}}')


def test_each_of_several_problems_ends_its_line(kubectl: Any) -> None:
    done = kubectl("set", "subject", "-f", "-", "--user=x", "--local", stdin=TWO)
    only = "setting subjects is only supported for RoleBinding/ClusterRoleBinding\n\n"
    assert done.err == f"error: deployment.apps/web\n {only}error: service/web {only}"


def test_selectors_that_are_no_label_selectors(kubectl: Kubectl) -> None:
    for text, problem in (
        ("a!=b", '"!=" is not a valid label selector operator'),
        ("a>1", '"gt" isn\'t supported in label'),
    ):
        assert problem in kubectl("set", "selector", "svc", "kubernetes", text).err
        assert problem in kubectl("create", "pdb", "p", "--max-unavailable=1", f"--selector={text}").err


def test_kinds_without_go_types(kubectl: Kubectl) -> None:
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "widgets", "kind": "Widget"},
            "versions": [
                {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
            ],
        },
    }
    kubectl("create", "-f", "-", stdin=json.dumps(crd))
    missing = kubectl("set", "image", "widget/w", "c=x").err
    assert missing == 'Error from server (NotFound): widgets.example.com "w" not found\n'
    kubectl("create", "-f", "-", stdin='{"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "w"}}')
    assert kubectl("set", "image", "widget/w", "c=x").err == (
        'error: no kind "Widget" is registered for version "example.com/v1" in scheme "pkg/scheme/scheme.go:28"\n'
    )
