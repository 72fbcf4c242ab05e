"""What -v tells of requests, level by level, as kubectl v1.36 prints it."""

import io
import re
from collections.abc import Callable
from typing import Any

import pytest

from minikctl.apimachinery import resources
from minikctl.apimachinery.errors import StatusError, not_found
from minikctl.apimachinery.request import MERGE_PATCH, Request, Response, UserInfo
from minikctl.kubectl.errors import Aggregate, KubectlError
from minikctl.kubectl.requestlog import RequestLog, request_uri, tell_statuses

CONFIG_MAP = {"metadata": {"name": "c"}, "kind": "ConfigMap", "apiVersion": "v1"}
PATH = "/api/v1/namespaces/demo/configmaps"


def request(verb: str, name: str = "c", **more: Any) -> Request:
    row = resources.lookup("configmaps")
    return Request(verb, UserInfo("u", ()), row, namespace="demo", name=name, **more)


def told(level: int, asked: Request, answered: Response | StatusError) -> list[str]:
    """The lines without their heads and without what is said once."""
    err = io.StringIO()
    RequestLog(err, level)(asked, answered)
    lines = [re.sub(r"^I\d{4} \S+ +\d+ ", "", line) for line in err.getvalue().splitlines()]
    kept = [line for line in lines if "Feature gate" not in line and not line.startswith("\tDate: ")]
    return [re.sub(r"illiseconds=\d+", "illiseconds=N", line) for line in kept]


def test_level_six_has_one_line_per_response() -> None:
    head = 'round_trippers.go:632] "Response" verb="GET"'
    assert told(6, request("list", "", options={"limit": 500}), Response({})) == [
        f'{head} url="https://minikctl{PATH}?limit=500" status="200 OK" milliseconds=N'
    ]
    assert told(6, request("get"), not_found("configmaps", "c")) == [
        f'{head} url="https://minikctl{PATH}/c" status="404 Not Found" milliseconds=N'
    ]
    assert told(5, request("get"), Response({})) == []


def test_level_seven_has_the_headers_of_the_request() -> None:
    lines = told(7, request("patch", body={}, patch_type=MERGE_PATCH), Response({}))
    assert lines[0] == f'round_trippers.go:527] "Request" verb="PATCH" url="https://minikctl{PATH}/c" headers=<'
    assert lines[1:3] == ["\tAccept: application/json", f"\tContent-Type: {MERGE_PATCH}"]
    assert lines[3].startswith("\tUser-Agent: kubectl/v1.36.")
    assert lines[4:] == [" >", 'round_trippers.go:632] "Response" status="200 OK" milliseconds=N']
    assert told(7, request("list", accept="table"), Response({}))[1].startswith("\tAccept: application/json;as=Table")


def test_level_eight_has_bodies_cut_off() -> None:
    lines = told(8, request("create", body=CONFIG_MAP), Response({**CONFIG_MAP, "data": {"a": "x" * 2000}}, 201))
    assert lines[0] == 'helper.go:246] "Request Body" body=<'
    assert lines[1] == '\t{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"}}'
    assert "\tContent-Type: application/json" in lines
    assert lines[-1].startswith('helper.go:246] "Response Body" body="{\\"kind\\":\\"ConfigMap\\"')
    assert lines[-1].endswith('xxx [truncated 1055 chars]"')
    patch = told(8, request("patch", body={"data": None}, patch_type=MERGE_PATCH), Response({}))
    assert patch[0] == 'helper.go:269] "Request Body" body="{\\"data\\":null}"'
    assert told(8, request("get"), Response({}))[0] == 'helper.go:105] "Request Body" body=""'


def test_level_nine_has_a_curl_command() -> None:
    lines = told(9, request("delete", options={"propagationPolicy": "Background", "dryRun": ["All"]}), Response({}))
    assert lines[1] == '\t{"propagationPolicy":"Background","dryRun":["All"]}'
    assert lines[3] == 'round_trippers.go:527] "Request" curlCommand=<'
    assert lines[4].startswith('\tcurl -v -XDELETE  -H "Accept: application/json" -H "Content-Type: application/json" ')
    assert lines[4].endswith(f" 'https://minikctl{PATH}/c'")


def test_what_streams_has_no_body() -> None:
    assert '"Response Body"' not in "".join(told(10, request("get"), Response("text")))


def test_the_kubeconfig_and_the_feature_gates_are_told_once() -> None:
    low, high = io.StringIO(), io.StringIO()
    RequestLog(low, 1, ["/a"])
    RequestLog(high, 6, ["/a"])
    assert "loader.go" not in low.getvalue()
    assert low.getvalue().count('envvar.go:195] "Feature gate default state" feature="') == 10
    assert "loader.go:407] Config loaded from file:  /a\n" in high.getvalue()


@pytest.mark.parametrize(
    ("asked", "uri"),
    [
        (request("create", options={"fieldManager": "m"}), f"{PATH}?fieldManager=m"),
        (request("create", subresource="x"), f"{PATH}/c/x"),
        (request("watch", ""), f"{PATH}?watch=true"),
        (request("delete", options={"dryRun": ["All"]}), f"{PATH}/c"),
        (
            request("get", subresource="log", options={"container": "a", "follow": True}),
            f"{PATH}/c/log?container=a&follow=true",
        ),
        (Request("get", UserInfo("u", ()), path="/version"), "/version"),
    ],
)
def test_the_address_of_a_request(asked: Request, uri: str) -> None:
    assert request_uri(asked) == uri


def test_the_statuses_behind_errors_are_told() -> None:
    said: list[str] = []
    gone = not_found("configmaps", "c")
    tell_statuses(Aggregate([gone, KubectlError("no"), gone]), said.append)
    assert len(said) == 2
    assert 'helpers.go:246] server response object: %s[{\n  "kind": "Status",\n' in said[0]
    assert said[0].endswith('  "code": 404\n}]\n')
    tell_statuses(KubectlError("no"), said.append)
    assert len(said) == 2


def test_a_command_tells_them_from_level_four(kubectl: Callable[..., Any]) -> None:
    assert "server response object" in kubectl("get", "cm", "c", "-v4").err
    assert "server response object" not in kubectl("get", "cm", "c", "-v3").err
