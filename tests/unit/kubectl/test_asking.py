"""auth, certificate, events, plugin list: asking and answering."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from minikctl.kubectl import plugins
from minikctl.kubectl import rbacreconciliation as reconciliation
from minikctl.kubectl.cmd.events import event_time, last_seen

Kubectl = Callable[..., Any]

PODS = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]}


def test_can_i(kubectl: Kubectl) -> None:
    assert kubectl("auth", "can-i", "create", "pods").out == "yes\n"
    denied = kubectl("auth", "can-i", "create", "pods", "--as=ann")
    assert (denied.status, denied.out) == (1, "no\n")
    assert kubectl("auth", "can-i", "get", "/healthz", "--as=ann", "-q").out == ""
    unknown = kubectl("auth", "can-i", "water", "plants.garden", "--as=ann")
    assert unknown.err == (
        "Warning: the server doesn't have a resource type 'plants' in group 'garden'\n\n"
        "Warning: verb 'water' is not a known verb\n\n"
    )
    assert kubectl("auth", "can-i", "get").err == (
        "error: you must specify two arguments: verb resource or verb resource/resourceName.\n"
        "See 'kubectl auth can-i -h' for help and examples.\n"
    )


def test_can_i_lists(kubectl: Kubectl) -> None:
    kubectl("create", "role", "r", "--verb=get,list", "--resource=deployments.apps/scale")
    kubectl("create", "rolebinding", "b", "--role=r", "--user=ann")
    lines = kubectl("auth", "can-i", "--list", "--as=ann").out.splitlines()
    assert lines[0].split() == ["Resources", "Non-Resource", "URLs", "Resource", "Names", "Verbs"]
    assert ["deployments.apps/scale", "[]", "[]", "[get", "list]"] in [line.split() for line in lines]
    assert kubectl("auth", "can-i", "--list", "-q").err.startswith("error: list option can't be specified with")


def test_whoami(kubectl: Kubectl) -> None:
    assert kubectl("auth", "whoami", "--as=ann").out == (
        "ATTRIBUTE   VALUE\nUsername    ann\nGroups      [system:authenticated]\n"
    )
    assert kubectl("auth", "whoami", "never", "read", "--template={{.kind}}").out.startswith("ATTRIBUTE")
    assert kubectl("auth", "whoami", "--as-group=g").err == (
        "error: requesting uid, groups or user-extra for kubernetes-admin without impersonating a user\n"
    )


def test_roles_are_reconciled() -> None:
    def role(*rules: dict[str, Any]) -> dict[str, Any]:
        return {"metadata": {"name": "r"}, "rules": list(rules)}

    narrow = {**PODS, "verbs": ["get"]}
    assert reconciliation.role(None, role(PODS), False).operation == "create"
    assert reconciliation.role(role(PODS), role(narrow), False).operation == ""
    added = reconciliation.role(role(narrow), role(PODS), False)
    assert (added.operation, added.missing_rules) == ("update", [{**PODS, "verbs": ["list"]}])
    assert added.object["rules"] == [narrow, {**PODS, "verbs": ["list"]}]
    removed = reconciliation.role(role(PODS), role(narrow), True)
    assert removed.object["rules"] == [narrow]
    assert reconciliation.rule_text(removed.extra_rules[0]) == (
        "{Verbs:[list] APIGroups:[] Resources:[pods] ResourceNames:[] NonResourceURLs:[]}"
    )


def test_bindings_are_reconciled() -> None:
    ann, bob = ({"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": name} for name in ("ann", "bob"))

    def binding(role: str, *subjects: dict[str, Any]) -> dict[str, Any]:
        return {"metadata": {"name": "b"}, "roleRef": {"name": role}, "subjects": list(subjects)}

    both = reconciliation.binding(binding("r", ann), binding("r", bob), False)
    assert both.object["subjects"] == [ann, bob]
    one = reconciliation.binding(binding("r", ann), binding("r", bob), True)
    assert (one.object["subjects"], one.extra_subjects) == ([bob], [ann])
    assert reconciliation.binding(binding("r", ann), binding("x", ann), False).operation == "recreate"
    protected = {"metadata": {"name": "b", "annotations": {"rbac.authorization.kubernetes.io/autoupdate": "false"}}}
    assert reconciliation.binding({**binding("r"), **protected}, binding("r", ann), False).protected


def test_reconcile_makes_roles(kubectl: Kubectl) -> None:
    manifest = (
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: r, namespace: new}\n"
        "rules: [{apiGroups: [''], resources: [pods], verbs: [get]}]\n"
    )
    result = kubectl("auth", "reconcile", "-f", "-", stdin=manifest)
    assert result.out == "role.rbac.authorization.k8s.io/r reconciled\n"
    assert result.err.startswith("\treconciliation required create\n\tmissing rules added:\n")
    assert kubectl("get", "role", "r", "-n", "new", "-o", "name").status == 0
    assert kubectl("auth", "reconcile", "-f", "-", stdin=manifest).err == ""


def test_certificates_must_be_named(kubectl: Kubectl) -> None:
    assert (
        kubectl("certificate", "approve").err
        == "error: one or more CSRs must be specified as <name> or -f <filename>\n"
    )
    assert kubectl("certificate", "deny", "x").err.startswith(
        "Error from server (NotFound): certificatesigningrequests"
    )


def test_events(kubectl: Kubectl) -> None:
    assert kubectl("events", "-n", "kube-public").err == "No events found in kube-public namespace.\n"
    kubectl("run", "p", "--image=a")
    lines = kubectl("events", "--for=pod/p", "--types=Normal").out.splitlines()
    assert lines[0].split() == ["LAST", "SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]
    assert any("Pod/p" in line and "Started" in line for line in lines)
    assert kubectl("events", "--for=p").err == "error: --for must be in resource/name form\n"
    assert kubectl("events", "--types=Odd").err == "error: valid --types are Normal or Warning\n"
    assert kubectl("events", "-A", "-o", "jsonpath={.kind}").out == "EventList"
    assert kubectl("events", "-o", "name").out == ""  # kubectl's printer of names refuses typed lists
    assert kubectl("events", "--template={{.kind}}").out.startswith("LAST SEEN")
    assert kubectl("events", "--for=nope/p").err == 'the server doesn\'t have a resource type "nope"\n'


def test_times_of_events() -> None:
    event: dict[str, Any] = {"firstTimestamp": "2026-01-01T00:00:00Z", "lastTimestamp": "2026-01-01T00:01:00Z"}
    now = event_time(event) + 60
    assert last_seen(event, now) == "2m"
    assert last_seen({**event, "count": 3}, now) == "60s (x3 over 2m)"
    series = {"lastObservedTime": "2026-01-01T00:01:30.000000Z", "count": 5}
    assert last_seen({**event, "series": series}, now) == "30s (x5 over 2m)"
    assert event_time({**event, "series": series}) == now - 30


def test_plugins_are_found_on_the_path(kubectl: Kubectl, tmp_path: Path) -> None:
    for name, mode in (("kubectl-foo", 0o755), ("kubectl-get", 0o755), ("kubectl-dull", 0o644)):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(mode)
    result = kubectl("plugin", "list", "--name-only", PATH=str(tmp_path))
    assert result.out == ("The following compatible plugins are available:\n\nkubectl-dull\nkubectl-foo\nkubectl-get\n")
    assert result.err.endswith("error: 2 plugin warnings were found\n")
    assert kubectl("plugin", "list", PATH="").err == "error: unable to find any kubectl plugins in your PATH\n"
    environ = {"PATH": str(tmp_path)}
    assert plugins.find(["foo", "bar"], environ) == (str(tmp_path / "kubectl-foo"), 1)
    assert plugins.find(["dull"], environ) is None
