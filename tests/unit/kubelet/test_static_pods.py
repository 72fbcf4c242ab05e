"""Static pods from a folder and from a URL, and their mirrors in the API."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from minikctl import machines
from minikctl.apimachinery.request import MERGE_PATCH
from minikctl.kubelet import sources

POD = """apiVersion: v1
kind: Pod
metadata: {name: Web, labels: {app: web}}
spec: {containers: [{name: web, image: "shop/web:1"}]}
"""


@pytest.fixture
def cluster(make_cluster: Callable[..., Any]) -> Any:
    return make_cluster()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "manifests"
    made.mkdir()
    (made / "web.yaml").write_text(POD)
    return made


def pods(cluster: Any) -> dict[str, dict[str, Any]]:
    return {pod["metadata"]["name"]: pod for pod in cluster.client().items("pods", "default")}


def test_a_folder_is_followed(cluster: Any, folder: Path) -> None:
    (folder / "broken.yaml").write_text("{")
    (folder / "other.yaml").write_text("a: b")
    (folder / ".hidden").write_text(POD.replace("Web", "hidden"))
    machines.configure(cluster, "node-1", {"file": str(folder)})
    assert list(pods(cluster)) == ["web-node-1"]
    pod = pods(cluster)["web-node-1"]
    annotations = pod["metadata"]["annotations"]
    assert annotations["kubernetes.io/config.source"] == "file"
    assert annotations["kubernetes.io/config.mirror"] == annotations["kubernetes.io/config.hash"]
    assert pod["metadata"]["ownerReferences"][0]["kind"] == "Node"
    assert pod["spec"]["tolerations"] == [{"effect": "NoExecute", "operator": "Exists"}]
    assert pod["status"]["phase"] == "Running"
    (folder / "web.yaml").write_text(POD.replace("web:1", "web:2"))
    (folder / "more.json").write_text(json.dumps({"apiVersion": "v1", "kind": "Pod", **_pod("more")}))
    cluster.advance(20)
    assert sorted(pods(cluster)) == ["more-node-1", "web-node-1"]
    assert pods(cluster)["web-node-1"]["spec"]["containers"][0]["image"] == "shop/web:2"
    machines.configure(cluster, "node-1", {"file": ""})
    assert pods(cluster) == {}
    assert cluster.store.state("kubelet").scan("pod/") == []


def _pod(name: str) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": {"containers": [{"name": "c", "image": "i"}]}}


def test_a_deleted_mirror_is_made_again_and_the_pod_goes_on(cluster: Any, folder: Path) -> None:
    machines.configure(cluster, "node-1", {"file": str(folder)})
    before = pods(cluster)["web-node-1"]
    cluster.advance(7)
    cluster.client().delete("pods", "web-node-1", "default")
    cluster.settle()
    after = pods(cluster)["web-node-1"]
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    assert after["status"]["containerStatuses"] == before["status"]["containerStatuses"]
    assert after["status"]["startTime"] == before["status"]["startTime"]


def test_events_know_a_static_pod_by_its_hash(cluster: Any, folder: Path) -> None:
    machines.configure(cluster, "node-1", {"file": str(folder)})
    digest = pods(cluster)["web-node-1"]["metadata"]["annotations"]["kubernetes.io/config.hash"]
    events = cluster.client().items("events", "default")
    assert {event["involvedObject"]["uid"] for event in events} == {digest}


def test_a_mirror_of_nothing_is_removed(cluster: Any) -> None:
    meta = {"name": "fake", "annotations": {"kubernetes.io/config.mirror": "abc"}}
    body = {**_pod("fake"), "metadata": meta, "apiVersion": "v1", "kind": "Pod"}
    body["spec"]["nodeName"] = "node-1"
    cluster.client().create("pods", body, "default")
    cluster.settle()
    assert pods(cluster) == {}


def test_what_the_api_does_not_have_does_not_run(cluster: Any, folder: Path) -> None:
    (folder / "web.yaml").write_text(POD.replace("name: Web,", "name: Web, namespace: nowhere,"))
    machines.configure(cluster, "node-1", {"file": str(folder)})
    assert pods(cluster) == {}
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "nowhere"}}
    cluster.client().create("namespaces", namespace)
    cluster.settle()
    cluster.advance(20)
    assert [pod["metadata"]["name"] for pod in cluster.client().items("pods", "nowhere")] == ["web-node-1"]


def test_static_pods_are_not_evicted(cluster: Any, folder: Path) -> None:
    machines.configure(cluster, "node-1", {"file": str(folder)})
    machines.fail(cluster, "node-1", "memory-pressure", "", 0.0, 0.0)
    cluster.advance(60)
    assert pods(cluster)["web-node-1"]["status"]["phase"] == "Running"


def test_nobody_but_the_file_changes_a_static_pod(cluster: Any, folder: Path) -> None:
    machines.configure(cluster, "node-1", {"file": str(folder)})
    patch = {"metadata": {"annotations": {"note": "x"}}}
    cluster.client().patch("pods", "web-node-1", patch, MERGE_PATCH, "default")
    cluster.settle()
    assert pods(cluster)["web-node-1"]["status"]["containerStatuses"][0]["restartCount"] == 0


@pytest.fixture
def url() -> Iterator[str]:
    """A server on this machine that answers with a list of two pods, and elsewhere with nothing."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = self.path == "/pods"
            items = {"apiVersion": "v1", "kind": "PodList", "items": [_pod("a"), _pod("b")]}
            body = json.dumps(items).encode() if found else b"no"
            self.send_response(200 if found else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_url_is_followed(cluster: Any, url: str) -> None:
    machines.configure(cluster, "node-2", {"http": f"{url}/pods"})
    assert sorted(pods(cluster)) == ["a-node-2", "b-node-2"]
    assert pods(cluster)["a-node-2"]["metadata"]["annotations"]["kubernetes.io/config.source"] == "http"
    machines.configure(cluster, "node-2", {"http": f"{url}/nothing"})
    assert sorted(pods(cluster)) == ["a-node-2", "b-node-2"]  # what cannot be read changes nothing
    machines.configure(cluster, "node-2", {"http": ""})
    assert pods(cluster) == {}


@pytest.mark.parametrize("text", ["", "[]", "a: {", "kind: Pod", "{apiVersion: v1, kind: Pod, metadata: 1}", "\x00"])
def test_what_is_no_manifest(text: str) -> None:
    with pytest.raises(sources.ManifestError):
        sources.parse(text.encode(), lists=True)


def test_what_is_not_there_holds_no_pods(tmp_path: Path) -> None:
    assert sources.read_path(str(tmp_path / "nothing")) == []
