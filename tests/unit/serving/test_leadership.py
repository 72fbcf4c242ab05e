"""The election among serving processes, and the worker that works while it leads."""

from __future__ import annotations

import os

from minikctl.cluster import Cluster
from minikctl.serving.leadership import Leadership
from minikctl.serving.worker import Worker

LEASE = ("leases.coordination.k8s.io", "minikctl-serve", "kube-system")


def contender(cluster: Cluster, name: str, *alive: str) -> Leadership:
    """A process that is just about to look at the Lease; `alive` are the others it knows to run."""
    return Leadership(cluster, name, lambda identity: identity in alive)


def holder(cluster: Cluster) -> tuple[str, int]:
    spec = cluster.client().get(*LEASE)["spec"]
    return spec["holderIdentity"], spec["leaseTransitions"]


def test_the_first_leads_while_it_lives(cluster: Cluster) -> None:
    first = contender(cluster, "one", "two")
    assert first.contest()
    assert not contender(cluster, "two", "one").contest()
    assert holder(cluster) == ("one", 0)
    assert first.contest()
    assert first.due() > 0  # it renews later


def test_the_dead_are_succeeded_at_once(cluster: Cluster) -> None:
    assert contender(cluster, "one").contest()
    assert contender(cluster, "two").contest()
    assert holder(cluster) == ("two", 1)


def test_who_resigns_makes_room(cluster: Cluster) -> None:
    first = contender(cluster, "one", "two")
    first.contest()
    first.resign()
    assert not first.leading
    assert contender(cluster, "two", "one").contest()
    assert holder(cluster) == ("two", 1)


def test_a_worker_reconciles_until_its_server_is_gone(cluster: Cluster) -> None:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "x"}]}}
    spec = {"replicas": 2, "selector": {"matchLabels": {"a": "b"}}, "template": template}
    cluster.client().create("deployments.apps", {"metadata": {"name": "web"}, "spec": spec}, "demo")
    assert cluster.pending()
    source, server = os.pipe()
    os.write(server, b"\n")
    os.close(server)  # the server tells it of work and is gone before it has woken up
    worker = Worker(cluster, "one", source)
    worker.run()
    os.close(source)
    assert cluster.client().get("deployments.apps", "web", "demo")["status"]["availableReplicas"] == 2
    assert holder(cluster)[0] == ""
