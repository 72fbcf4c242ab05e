"""What a kubeconfig's content must look like."""

from __future__ import annotations

import pytest

from minikctl.kubectl.kubeconfigtypes import WrongType, in_struct_order, typed

STRUCT_FIELD = "json: cannot unmarshal {} into Go struct field {} of type {}"


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"clusters": {}}, STRUCT_FIELD.format("object", "Config.clusters", "[]v1.NamedCluster")),
        ({"clusters": [{"name": 5}]}, STRUCT_FIELD.format("number", "NamedCluster.clusters.name", "string")),
        (
            {"users": [{"user": {"exec": {"args": 7, "env": [{"name": 5}]}}}]},
            STRUCT_FIELD.format("number", "ExecConfig.users.user.exec.args", "[]string"),
        ),
        ({"clusters": [{"cluster": {"certificate-authority-data": "%%"}}]}, "illegal base64 data at input byte 0"),
        (
            {"contexts": [{"name": "a"}, {"name": "a", "context": {"user": "x"}}]},
            "error converting *[]NamedContext into *map[string]*api.Context: "
            'duplicate name "a" in list: [{a {   []}} {a { x  []}}]',
        ),
    ],
)
def test_wrong_content_is_refused_in_encoding_jsons_words(document, message):
    with pytest.raises(WrongType) as caught:
        typed(document)
    assert str(caught.value) == message


def test_unknown_and_empty_fields_are_left_out_and_required_ones_filled_in():
    document = {
        "clusters": [{"name": "a", "cluster": {"colour": "red", "proxy-url": ""}}],
        "users": [{"name": "u", "user": {"exec": {"apiVersion": "client.authentication.k8s.io/v1beta1"}}}],
    }
    plugin = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "args": None,
        "command": "",
        "env": None,
        "interactiveMode": "IfAvailable",
        "provideClusterInfo": False,
    }
    assert typed(document) == {
        "clusters": [{"name": "a", "cluster": {"server": ""}}],
        "users": [{"name": "u", "user": {"exec": plugin}}],
        "contexts": None,
        "current-context": "",
    }


def test_struct_order_puts_kind_first_and_the_server_before_its_authority():
    cluster = {"certificate-authority": "ca.crt", "server": "https://x"}
    ordered = in_struct_order({"apiVersion": "v1", "clusters": [{"cluster": cluster, "name": "a"}], "kind": "Config"})
    assert list(ordered) == ["kind", "apiVersion", "clusters"]
    assert list(ordered["clusters"][0]) == ["name", "cluster"]
    assert list(ordered["clusters"][0]["cluster"]) == ["server", "certificate-authority"]
