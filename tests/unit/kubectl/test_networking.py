"""What programs in pods reach: Services through ready endpoints, pods by name and address."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Kubectl = Callable[..., Any]
MANIFEST = """
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}, annotations: {minikctl.dev/http: "hello\\n"}}
spec:
  hostname: one
  subdomain: pods
  containers: [{name: web, image: nginx, ports: [{containerPort: 8080, name: http}]}]
---
apiVersion: v1
kind: Pod
metadata: {name: unwell, labels: {app: web}, annotations: {minikctl.dev/readiness: failure}}
spec:
  containers:
  - {name: web, image: nginx, ports: [{containerPort: 8080, name: http}], readinessProbe: {httpGet: {port: http}}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: http, name: plain}]}
---
apiVersion: v1
kind: Service
metadata: {name: pods}
spec: {clusterIP: None, selector: {app: web}, ports: [{port: 8080}]}
"""


@pytest.fixture
def box(kubectl: Kubectl) -> Callable[[str], Any]:
    """Runs a script in a pod beside the ones of the manifest."""
    assert kubectl("apply", "-f", "-", stdin=MANIFEST).status == 0
    kubectl("run", "box", "--image=busybox", "--", "sleep", "100000")
    return lambda script: kubectl("exec", "box", "--", "sh", "-c", script)


def test_services_lead_to_ready_pods(box: Callable[[str], Any]) -> None:
    assert box("for i in 1 2 3; do wget -qO- http://web; done").out == "hello\n" * 3
    assert (
        box("curl -s web.default; curl -s web.default.svc.cluster.local:80/x; curl -s pods:8080").out == "hello\n" * 3
    )
    assert (
        box("curl -s one.pods:8080 && curl -s -o /tmp/f -w '%{http_code}' web && cat /tmp/f").out == "hello\n200hello\n"
    )


def test_what_cannot_be_reached(box: Callable[[str], Any], kubectl: Kubectl) -> None:
    answer = box("wget http://nowhere")
    assert (answer.status, answer.err.partition("\n")[0]) == (1, "wget: bad address 'nowhere'")
    address = kubectl("get", "service", "web", "-o", "jsonpath={.spec.clusterIP}").out
    assert box("wget http://web:²; nc web ² && echo there").out == "there\n"
    assert box("nc -zv web 80").err == f"web ({address}:80) open\n"
    assert box("curl -s web:81; echo $?; curl -s 10.1.2.3; echo $?; nc -z web 80; echo $?").out == "28\n28\n0\n"
    assert box(
        "wget -T 2 http://10.1.2.3; curl -m 1.5 10.1.2.3; nc -w 1 10.1.2.3 80; nc 10.1.2.3 80"
    ).err.splitlines() == [
        "wget: download timed out",
        "curl: (28) Connection timed out after 1500 milliseconds",
        "nc: timed out",
        "nc: 10.1.2.3 (10.1.2.3:80): Connection timed out",
        "command terminated with exit code 1",
    ]
    kubectl("delete", "pod", "web")
    assert "Connection refused" in box("wget http://web").err


def test_names(box: Callable[[str], Any], kubectl: Kubectl) -> None:
    ip = kubectl("get", "service", "web", "-o", "jsonpath={.spec.clusterIP}").out
    assert f"Name:\tweb.default.svc.cluster.local\nAddress: {ip}\n" in box("nslookup web").out
    assert box("nslookup nowhere").status == 1
    pod = kubectl("get", "pod", "web", "-o", "jsonpath={.status.podIP}").out
    assert box("getent hosts one.pods").out.split()[0] == pod
    assert box(f"wget -qO- {pod}:8080").out == "hello\n"


def test_variables_tell_of_services(box: Callable[[str], Any], kubectl: Kubectl) -> None:
    ip = kubectl("get", "service", "web", "-o", "jsonpath={.spec.clusterIP}").out
    assert box("echo $WEB_SERVICE_HOST $WEB_SERVICE_PORT_PLAIN $WEB_PORT_80_TCP").out == f"{ip} 80 tcp://{ip}:80\n"
    assert box("echo $KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT").out == "10.96.0.1:443\n"


def test_the_proxy_subresource(box: Callable[[str], Any], kubectl: Kubectl) -> None:
    path = "/api/v1/namespaces/default"
    assert kubectl("get", "--raw", f"{path}/services/web:plain/proxy/").out == "hello\n"
    assert kubectl("get", "--raw", f"{path}/pods/web/proxy/any?x=1").out == "hello\n"
    refused = kubectl("get", "--raw", f"{path}/pods/web:1/proxy/")
    assert refused.err.startswith("Error from server (ServiceUnavailable): error trying to reach service: dial tcp ")
    kubectl("annotate", "pod", "web", "--overwrite", "minikctl.dev/http=/: {status: 503, body: not well}")
    unwell = kubectl("get", "--raw", f"{path}/pods/web/proxy/")
    assert unwell.err.endswith("(ServiceUnavailable): the server is currently unable to handle the request\n")


def test_node_ports_and_host_ports(box: Callable[[str], Any], kubectl: Kubectl) -> None:
    kubectl("patch", "service", "web", "-p", '{"spec": {"type": "NodePort"}}')
    port = kubectl("get", "service", "web", "-o", "jsonpath={.spec.ports[0].nodePort}").out
    node = kubectl("get", "nodes", "-o", "jsonpath={.items[0].status.addresses[0].address}").out
    assert box(f"wget -qO- {node}:{port}").out == "hello\n"
    assert box(f"curl -s {node}:1; echo $?").out == "7\n"
    manifest = """{apiVersion: v1, kind: Pod, metadata: {name: host, annotations: {minikctl.dev/http: hosted}},
        spec: {containers: [{name: c, image: nginx, ports: [{containerPort: 8080, hostPort: 9090}]}]}}"""
    kubectl("apply", "-f", "-", stdin=manifest)
    on = kubectl("get", "pod", "host", "-o", "jsonpath={.status.hostIP}").out
    assert box(f"curl -s {on}:9090").out == "hosted"


def test_connections_are_shared_out(box: Callable[[str], Any], kubectl: Kubectl) -> None:
    kubectl("create", "deployment", "many", "--image=nginx", "--replicas=3", "--port=80")
    kubectl("expose", "deployment", "many")
    asked = "for i in 1 2 3 4 5 6; do curl -s many | head -1; done | sort | uniq | wc -l"
    assert box(asked).out.strip() == "3"
    kubectl("patch", "service", "many", "-p", '{"spec": {"sessionAffinity": "ClientIP"}}')
    assert box(asked).out.strip() == "1"


def test_the_packet_filter_is_the_nodes(kubectl: Kubectl) -> None:
    manifest = """{apiVersion: v1, kind: Pod, metadata: {name: tool}, spec: {hostNetwork: true, containers: [
        {name: c, image: netshoot, command: [sleep, "1000"], securityContext: {privileged: true}}]}}"""
    kubectl("apply", "-f", "-", stdin=manifest)
    saved = kubectl("exec", "tool", "--", "iptables-save", "-t", "nat").out
    assert saved.startswith("# Generated by iptables-save v1") and "KUBE-SVC-NPX46M4PTMTKRN6Y - [0:0]" in saved
    assert saved.count("*") == 1
    listed = kubectl("exec", "tool", "--", "iptables", "-nL", "KUBE-FORWARD").out
    assert listed.startswith("Chain KUBE-FORWARD (1 references)\ntarget     prot opt source")
    assert kubectl("exec", "tool", "--", "iptables", "-t", "nat", "-S", "NONE").status == 1
    assert kubectl("exec", "tool", "--", "iptables", "-F").status == 4
    assert (
        kubectl("exec", "tool", "--", "iptables", "-t", "raw", "-S").out == "-P PREROUTING ACCEPT\n-P OUTPUT ACCEPT\n"
    )
    none = kubectl("exec", "tool", "--", "iptables", "-t", "none", "-L")
    assert (none.status, "table 'none' does not exist\n" in none.err) == (3, True)
    assert kubectl("exec", "tool", "--", "iptables-save", "-t", "none").status == 1
    assert kubectl("exec", "tool", "--", "ip6tables", "-S").out.startswith("-P INPUT ACCEPT\n")


def test_pods_have_a_packet_filter_of_their_own(box: Callable[[str], Any], kubectl: Kubectl) -> None:
    answer = box("iptables-save")
    assert (answer.status, answer.err.partition("\n")[0].endswith("Permission denied (you must be root)")) == (4, True)
    manifest = """{apiVersion: v1, kind: Pod, metadata: {name: tool}, spec: {containers: [
        {name: c, image: netshoot, command: [sleep, "1000"], securityContext: {capabilities: {add: [NET_ADMIN]}}}]}}"""
    kubectl("apply", "-f", "-", stdin=manifest)
    assert kubectl("exec", "tool", "--", "iptables-save").out == ""
    assert (
        kubectl("exec", "tool", "--", "iptables", "-S").out == "-P INPUT ACCEPT\n-P FORWARD ACCEPT\n-P OUTPUT ACCEPT\n"
    )


POLICY = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: closed}
spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {matchLabels: {
  may: enter}}}], ports: [{port: http}]}]}
"""
SILENCE = """
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: silence}
spec: {podSelector: {matchLabels: {run: box}}, policyTypes: [Egress]}
"""


def test_network_policies(box: Callable[[str], Any], kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", stdin=POLICY)
    answer = box("wget -T 1 -qO- http://web")
    assert (answer.status, answer.err.splitlines()[0]) == (1, "wget: download timed out")
    kubectl("label", "pod", "box", "may=enter")
    assert box("wget -qO- http://web").out == "hello\n"
    kubectl("apply", "-f", "-", stdin=SILENCE)
    assert box("curl -s -m 1 web; echo $?").out == "28\n"
    assert box("wget -qO- localhost:1").err.startswith("wget: can't connect") is True
    assert kubectl("get", "--raw", "/api/v1/namespaces/default/services/web/proxy/").out == "hello\n"


def test_a_script_that_waits_goes_on_when_policies_let_it(kubectl: Kubectl) -> None:
    kubectl("apply", "-f", "-", stdin=MANIFEST + "---" + POLICY)
    script = "until nc -z -w 1 web 80; do sleep 1; done; echo there"
    kubectl("run", "waits", "--image=busybox", "--restart=Never", "--", "sh", "-c", script)
    assert kubectl("get", "pod", "waits", "-o", "jsonpath={.status.phase}").out == "Running"
    kubectl("delete", "networkpolicy", "closed")
    assert kubectl("get", "pod", "waits", "-o", "jsonpath={.status.phase}").out == "Succeeded"
    assert kubectl("logs", "waits", "--tail=1").out == "there\n"


def test_dns_is_reached_through_policies_too(make_shell: Any) -> None:
    shell = make_shell("full", MINIKCTL_CLOCK="frozen:2026-01-02T03:04:05Z", MINIKCTL_SEED="1")
    shell.ok("apply", "-f", "-", stdin=MANIFEST + "---" + SILENCE)
    shell.ok("run", "box", "--image=busybox", "--", "sleep", "100000")
    assert "bad address 'web'" in shell.run("exec", "box", "--", "wget", "http://web").err
    rule = "Egress], egress: [{ports: [{port: 53, protocol: UDP}]}]"
    shell.ok("apply", "-f", "-", stdin=SILENCE.replace("silence", "names").replace("Egress]", rule))
    assert "Operation timed out" in shell.run("exec", "box", "--", "wget", "http://web").err
