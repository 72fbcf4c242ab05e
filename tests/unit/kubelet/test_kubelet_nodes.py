"""Node objects of emulated nodes."""

from __future__ import annotations

from minikctl.kubelet import nodes


def test_node_networks_are_distinct() -> None:
    assert nodes.pod_cidr(0) == "10.244.0.0/24"
    assert nodes.node_ip(0) == "172.18.0.2"
    assert len({nodes.pod_cidr(i) for i in range(6000)}) == 6000
    assert len({nodes.node_ip(i) for i in range(6000)}) == 6000


def test_control_plane_is_tainted_and_labelled() -> None:
    node = nodes.node_object("cp", "4", "8Gi", True, 0.0, "172.18.0.2", "10.244.0.0/24")
    assert node["spec"]["taints"] == [{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}]
    assert node["metadata"]["labels"]["node-role.kubernetes.io/control-plane"] == ""
    assert node["status"]["conditions"][-1]["type"] == "Ready"


def test_allocatable_follows_capacity() -> None:
    status = nodes.node_object("n", "4", "8Gi", False, 0.0, "172.18.0.3")["status"]
    assert nodes.refreshed_allocatable(status) is None
    status["capacity"]["example.com/gpu"] = "4"
    assert nodes.refreshed_allocatable(status)["example.com/gpu"] == "4"


def test_conditions_stay_where_they_are() -> None:
    """Those of others too: what somebody else added at the end stays at the end."""
    before = [*nodes.conditions([], 0.0), {"type": "Odd", "status": ""}]
    after = nodes.conditions(before, 60.0, pressed=("DiskPressure",))
    assert [(entry["type"], entry["status"]) for entry in after] == [
        ("MemoryPressure", "False"), ("DiskPressure", "True"), ("PIDPressure", "False"), ("Ready", "True"), ("Odd", ""),
    ]  # fmt: skip
    assert [entry["lastTransitionTime"] for entry in after[:2]] == ["1970-01-01T00:00:00Z", "1970-01-01T00:01:00Z"]
