"""describe: which objects, how they are separated, when events are shown, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Kubectl = Callable[..., Any]


@pytest.fixture
def filled(kubectl: Kubectl) -> Kubectl:
    """Three service accounts, one with an event."""
    for name in ("web", "worker-1", "worker-2"):
        kubectl("create", "sa", name)
    uid = kubectl("get", "sa", "web", "-o", "jsonpath={.metadata.uid}").out
    about = f"{{apiVersion: v1, kind: ServiceAccount, name: web, namespace: default, uid: {uid}}}"
    kubectl(
        "create", "-f", "-",
        stdin="apiVersion: v1\nkind: Event\nmetadata: {name: web.1}\n"
        f"involvedObject: {about}\ntype: Normal\nreason: Seen\nmessage: here\n"
        "source: {component: test}\nfirstTimestamp: 2026-01-02T03:04:00Z\nlastTimestamp: 2026-01-02T03:04:00Z\n",
    )  # fmt: skip
    return kubectl


WEB = """\
Name:                web
Namespace:           default
Labels:              <none>
Annotations:         <none>
Image pull secrets:  <none>
"""
SEEN = """\
Events:
  Type    Reason  Age   From  Message
  ----    ------  ----  ----  -------
  Normal  Seen    5s    test  here
"""


def test_one_object_with_its_events(filled: Kubectl) -> None:
    assert filled("describe", "sa", "web").out == WEB + SEEN
    assert filled("describe", "sa/web", "--show-events=false").out == WEB
    manifest = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: web}\n"
    assert filled("describe", "-f", "-", stdin=manifest).out == WEB + SEEN


def test_several_objects_have_no_events_unless_asked_for(filled: Kubectl) -> None:
    worker = WEB.replace("web", "worker-1")
    assert filled("describe", "sa", "web", "worker-1").out == f"{WEB}\n\n{worker}"
    assert SEEN in filled("describe", "sa", "web", "worker-1", "--show-events").out
    assert filled("describe", "sa", "--chunk-size=1").out.count("Name:  ") == 4


def test_prefixes(filled: Kubectl) -> None:
    workers = [WEB.replace("web", f"worker-{i}") for i in (1, 2)]
    assert filled("describe", "sa", "worker").out == f"{workers[0]}\n{workers[1]}\n"
    missing = filled("describe", "sa", "nobody")
    assert (missing.status, missing.err) == (1, 'Error from server (NotFound): serviceaccounts "nobody" not found\n')
    assert filled("describe", "sa/worker").status == 1


def test_what_is_found_is_shown_before_the_error(filled: Kubectl) -> None:
    result = filled("describe", "sa", "web", "nobody", "worker-1")
    assert (result.status, result.out.count("Name:  ")) == (1, 2)
    assert result.err == 'Error from server (NotFound): serviceaccounts "nobody" not found\n'


def test_nothing_and_nonsense(filled: Kubectl) -> None:
    assert filled("describe", "sa", "-l", "a=b").err == "No resources found in default namespace.\n"
    assert filled("describe", "pods", "-A").err == "No resources found\n"
    assert filled("describe").err == (
        'error: You must specify the type of resource to describe. Use "kubectl api-resources" for a complete list of '
        "supported resources.\n"
    )
    assert filled("describe", "nonsense").err == 'error: the server doesn\'t have a resource type "nonsense"\n'
    assert filled("describe", "sa,cm", "w").err.endswith('configmaps "w" not found\n')


def test_every_kind_of_a_fresh_cluster(filled: Kubectl) -> None:
    kinds = "nodes,namespaces,cm,svc,ep,endpointslices,clusterroles,clusterrolebindings,pc,servicecidrs,ipaddresses"
    result = filled("describe", kinds)
    assert result.status == 0
    assert "Kubelet Version:" in result.out
    assert "internal error" not in result.err
