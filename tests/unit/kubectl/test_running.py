"""run, expose, logs, exec, attach, cp, debug: pods and their containers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from minikctl.kubectl import exposing, podpicking
from minikctl.kubectl.cmd.cp import FileSpec, file_spec
from minikctl.kubectl.debugprofiles import COPY, NODE, PROFILES, Keep, apply
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.remotecommand import Detaching, detach_keys

Kubectl = Callable[..., Any]


def pod(kubectl: Kubectl, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(kubectl("get", "pod", name, "-o", "json").out)
    return found


@pytest.fixture
def shell(kubectl: Kubectl) -> Kubectl:
    """kubectl on a cluster with the pod box, which sleeps after it has said hello."""
    script = "echo hello; echo $COLOR; sleep 100000"
    answer = kubectl("run", "box", "--image=busybox", "--env=COLOR=red", "--command", "--", "sh", "-c", script)
    assert answer.out == "pod/box created\n"
    return kubectl


def test_run_makes_a_pod(kubectl: Kubectl) -> None:
    args = ("--image=a:1", "--port=80", "--labels=x=y", "--annotations=k=v", "--privileged", "--restart=Never")
    assert kubectl("run", "p", *args, "--", "serve").status == 0
    made = pod(kubectl, "p")
    container = made["spec"]["containers"][0]
    assert made["metadata"]["labels"] == {"x": "y"}
    assert made["metadata"]["annotations"] == {"k": "v"}
    assert made["spec"]["restartPolicy"] == "Never"
    assert (container["args"], container["ports"][0]["containerPort"]) == (["serve"], 80)
    assert container["securityContext"] == {"privileged": True}


def test_run_overrides_and_dry_runs(kubectl: Kubectl) -> None:
    overrides = '--overrides={"spec":{"hostNetwork":true}}'
    dry = kubectl("run", "p", "--image=a", overrides, "--dry-run=client", "-o", "jsonpath={.spec}")
    assert json.loads(dry.out) == {
        "containers": [{"image": "a", "name": "p", "resources": {}}],
        "dnsPolicy": "ClusterFirst",
        "hostNetwork": True,
        "restartPolicy": "Always",
    }
    assert kubectl("run", "p", "--image=a", "--overrides={").err == "error: Invalid JSON Patch\n"


def test_overrides_are_read_as_go_types(kubectl: Kubectl) -> None:
    def run(overrides: str) -> tuple[str, str]:
        result = kubectl(
            "run", "p", "--image=a", f"--overrides={overrides}", "--dry-run=client", "-o", "jsonpath={.spec}"
        )
        return result.out, result.err

    assert json.loads(run('{"spec":{"bogus":1,"containers":[{"name":"b"}]}}')[0]) == {
        "containers": [{"name": "b", "resources": {}}],
        "dnsPolicy": "ClusterFirst",
        "restartPolicy": "Always",
    }
    job = json.loads(run('{"kind":"Job","apiVersion":"batch/v1"}')[0])
    assert job == {"template": {"metadata": {}, "spec": {"containers": None}}}
    assert run('{"spec":{"containers":5}}')[1] == (
        "error: json: cannot unmarshal number into Go struct field PodSpec.spec.containers of type []v1.Container\n"
    )
    assert (
        'no kind "Widget" is registered for version "example.com/v1"'
        in run('{"kind":"Widget","apiVersion":"example.com/v1"}')[1]
    )
    assert run("[]")[1].startswith(
        "error: couldn't get version/kind; json parse error: json: cannot unmarshal array into"
    )


def test_run_exposes(kubectl: Kubectl) -> None:
    assert kubectl("run", "p", "--image=a", "--port=80", "--expose").out == "service/p created\npod/p created\n"
    assert kubectl("get", "svc", "p", "-o", "jsonpath={.spec.selector}").out == '{"run":"p"}'


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--image=a",), "error: NAME is required for run\nSee 'kubectl run -h' for help and examples\n"),
        (("p", "--image="), "error: --image is required\n"),
        (("p", "--image=A B"), 'error: Invalid image name "A B": invalid reference format\n'),
        (("p", "--image=a", "--expose"), "error: --port must be set when exposing a service\n"),
        (("p", "--image=a", "--restart=No"), "error: invalid restart policy: No\n"),
        (("p", "--image=a", "--rm"), "error: --rm should only be used for attached containers\n"),
        (("p", "--image=a", "--env=1"), "error: invalid env: 1\n"),
    ],
)
def test_run_refuses(kubectl: Kubectl, args: tuple[str, ...], message: str) -> None:
    assert kubectl("run", *args).err.startswith(message)


def test_run_stays_until_the_end(kubectl: Kubectl) -> None:
    args = ("--image=a", "--restart=Never", "--rm", "--attach", "--command", "--", "sh", "-c")
    result = kubectl("run", "p", *args, "echo one; sleep 5; echo two; exit 3")
    assert (result.status, result.out) == (3, 'one\ntwo\npod "p" deleted from default namespace\n')
    assert result.err.endswith(
        "If you don't see a command prompt, try pressing enter.\npod default/p terminated (Error)\n"
    )


def test_expose_takes_selector_and_ports(kubectl: Kubectl) -> None:
    kubectl("create", "deployment", "web", "--image=a", "--port=8080")
    assert kubectl("expose", "deploy", "web").out == "service/web exposed\n"
    spec = json.loads(kubectl("get", "svc", "web", "-o", "jsonpath={.spec}").out)
    assert spec["selector"] == {"app": "web"}
    assert (spec["ports"][0]["port"], spec["ports"][0]["targetPort"]) == (8080, 8080)
    assert kubectl("expose", "cm", "kube-root-ca.crt", "--port=1").err == "error: cannot expose a ConfigMap\n"


def test_ports_of_several_protocols() -> None:
    ports = [{"containerPort": 53, "protocol": "UDP"}, {"containerPort": 53}, {"containerPort": 80}]
    obj = {"spec": {"containers": [{"ports": ports}]}}
    numbers, protocols = exposing.ports_of("pods", obj)
    service = exposing.service(exposing.Exposure("dns", "a=b", ports=numbers, protocols=protocols))
    named = [(port["name"], port["protocol"], port["port"]) for port in service["spec"]["ports"]]
    assert named == [
        ("port-1-udp", "UDP", 53),
        ("port-1-tcp", "TCP", 53),
        ("port-2-udp", "UDP", 53),
        ("port-2-tcp", "TCP", 53),
        ("port-3", "TCP", 80),
    ]


def test_what_selects_nothing_cannot_be_exposed() -> None:
    with pytest.raises(KubectlError, match="the service has no pod selector set"):
        exposing.selector_of("services", {"spec": {}})
    expression = {"key": "a", "operator": "In", "values": ["b"]}
    with pytest.raises(KubectlError, match="couldn't convert expressions"):
        exposing.selector_of("deployments.apps", {"spec": {"selector": {"matchExpressions": [expression]}}})


def test_logs(shell: Kubectl) -> None:
    assert shell("logs", "box").out == "hello\nred\n"
    assert shell("logs", "pod/box", "--tail=1", "--prefix").out == "[pod/box/box] red\n"
    assert shell("logs", "-l", "run=box").out == "hello\nred\n"
    assert shell("logs", "box", "-c", "x").err == "error: container x is not valid for pod box out of: box\n"
    assert shell("logs", "box", "-p").err.startswith("Error from server (BadRequest): previous terminated container")
    assert shell("logs").err.startswith("error: expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\n")
    assert shell("logs", "-l", "run=none").err == "No resources found in default namespace.\n"


def test_logs_follow_a_job_to_its_end(kubectl: Kubectl) -> None:
    kubectl("create", "job", "j", "--image=a", "--", "sh", "-c", "echo one; sleep 60; echo two")
    assert kubectl("logs", "job/j").out == "one\n"
    assert kubectl("logs", "-f", "job/j").out == "one\ntwo\n"


def test_exec(shell: Kubectl) -> None:
    assert shell("exec", "box", "--", "sh", "-c", "echo $COLOR").out == "red\n"
    result = shell("exec", "box", "--", "sh", "-c", "echo oops >&2; exit 4")
    assert (result.status, result.err) == (4, "oops\ncommand terminated with exit code 4\n")
    assert shell("exec", "-i", "box", "--", "sh", "-c", "cat > /tmp/x", stdin="kept").status == 0
    assert shell("exec", "box", "--", "cat", "/tmp/x").out == "kept"
    assert shell("exec", "box", "ls").err.startswith("error: exec [POD] [COMMAND] is not supported anymore.")
    assert shell("exec", "box").err == "error: you must specify at least one command for the container\n"
    assert shell("exec", "ghost", "--", "ls").err == 'Error from server (NotFound): pods "ghost" not found\n'


def test_what_exec_writes_is_what_probes_find(kubectl: Kubectl) -> None:
    manifest = (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - name: c\n    image: a\n"
        "    command: [sh, -c, 'touch /tmp/ok; sleep 100000']\n"
        "    readinessProbe: {exec: {command: [cat, /tmp/ok]}, failureThreshold: 1, periodSeconds: 1}\n"
    )
    kubectl("apply", "-f", "-", stdin=manifest)
    assert kubectl("wait", "--for=condition=Ready", "pod/p", "--timeout=5s").status == 0
    kubectl("exec", "p", "--", "rm", "/tmp/ok")
    assert kubectl("wait", "--for=condition=Ready=false", "pod/p", "--timeout=5s").status == 0


def test_cp(shell: Kubectl, tmp_path: Path) -> None:
    (tmp_path / "dir" / "sub").mkdir(parents=True)
    (tmp_path / "dir" / "a").write_text("first\n")
    (tmp_path / "dir" / "sub" / "b").write_text("second\n")
    assert shell("cp", "dir", "box:/srv/copy").status == 0
    assert shell("exec", "box", "--", "cat", "/srv/copy/a", "/srv/copy/sub/b").out == "first\nsecond\n"
    assert shell("cp", "dir/a", "default/box:/tmp").status == 0
    assert shell("cp", "box:/srv/copy", "back").status == 0
    assert (tmp_path / "back" / "sub" / "b").read_text() == "second\n"
    assert shell("cp", "box:/tmp/a", "one").status == 0
    assert (tmp_path / "one").read_text() == "first\n"
    assert shell("cp", "nothing", "box:/tmp").err == "error: nothing doesn't exist in local filesystem\n"
    assert shell("cp", "box:/nothing", "x").status == 1


def test_cp_keeps_bytes_modes_and_empty_directories(shell: Kubectl, tmp_path: Path) -> None:
    (tmp_path / "dir" / "empty").mkdir(parents=True)
    (tmp_path / "dir" / "run").write_bytes(b"\xff\x00")
    (tmp_path / "dir" / "run").chmod(0o755)
    assert shell("cp", "dir", "box:/srv").status == 0
    assert shell("exec", "box", "--", "stat", "-c", "%A %s", "/srv/dir/run").out == "-rwxr-xr-x 2\n"
    assert shell("exec", "box", "--", "ls", "/srv/dir").out == "empty\nrun\n"
    assert shell("cp", "box:/srv/dir", "back").out == "tar: removing leading '/' from member names\n"
    assert (tmp_path / "back" / "run").read_bytes() == b"\xff\x00" and (tmp_path / "back" / "empty").is_dir()


def test_a_shell_that_reads_its_commands_from_standard_input(shell: Kubectl) -> None:
    result = shell("exec", "-i", "box", "--", "sh", stdin="x=1\necho $x > /tmp/f\nnope\nexit 5\n")
    assert (result.status, result.err) == (5, "sh: nope: not found\ncommand terminated with exit code 5\n")
    assert shell("exec", "box", "--", "cat", "/tmp/f").out == "1\n"


def test_what_cannot_be_started(shell: Kubectl) -> None:
    shell("exec", "box", "--", "touch", "/tmp/plain")
    failed = "OCI runtime exec failed: exec failed: unable to start container process: exec: "
    result = shell("exec", "box", "--", "python3")
    assert (result.status, result.err.partition("\n")[0]) == (
        127,
        f'{failed}"python3": executable file not found in $PATH: unknown',
    )
    result = shell("exec", "box", "--", "/tmp/plain")
    assert (result.status, result.err.partition("\n")[0]) == (126, f'{failed}"/tmp/plain": permission denied: unknown')


def test_the_files_that_the_kubelet_makes(shell: Kubectl) -> None:
    assert shell("exec", "box", "--", "cat", "/etc/hostname").out == "box\n"
    assert shell("exec", "box", "--", "cat", "/etc/hosts").out.endswith("\tbox\n")
    resolv = shell("exec", "box", "--", "cat", "/etc/resolv.conf").out.splitlines()
    assert resolv[0] == "search default.svc.cluster.local svc.cluster.local cluster.local"
    assert resolv[1:] == ["nameserver 10.96.0.10", "options ndots:5"]
    mounted = "/var/run/secrets/kubernetes.io/serviceaccount"
    assert shell("exec", "box", "--", "ls", mounted).out == "ca.crt\nnamespace\ntoken\n"
    assert shell("exec", "box", "--", "sh", "-c", f"echo x > {mounted}/token").err.startswith(
        f"sh: can't create {mounted}/token: Read-only file system\n"
    )


def test_run_talks_to_the_program_it_starts(kubectl: Kubectl) -> None:
    run = ("run", "t", "-i", "--rm", "--image=busybox", "--restart=Never")
    result = kubectl(*run, "--", "cat", stdin="hello\n")
    assert result.out == 'hello\npod "t" deleted from default namespace\n'
    result = kubectl(*run, stdin="hostname\nexit 3\n")
    assert (result.status, result.out.partition("\n")[0]) == (3, "t")
    assert "recorded in container logs" in result.err and "pod default/t terminated (Error)" in result.err


def test_a_signal_restarts_a_server(kubectl: Kubectl) -> None:
    kubectl("run", "web", "--image=nginx")
    kubectl("exec", "web", "--", "kill", "1")
    assert kubectl("get", "pod", "web", "-o", "jsonpath={.status.containerStatuses[0].restartCount}").out == "1"


def test_logs_come_from_a_file(kubectl: Kubectl, tmp_path: Path) -> None:
    (tmp_path / "app.log").write_text("first\nsecond\n")
    kubectl("create", "configmap", "logs", "--from-file=app.log")
    manifest = (
        "apiVersion: v1\nkind: Pod\nmetadata: {name: p, annotations: {minikctl.dev/logs-file: /logs/app.log}}\n"
        "spec:\n  containers: [{name: c, image: a, volumeMounts: [{name: l, mountPath: /logs}]}]\n"
        "  volumes: [{name: l, configMap: {name: logs}}]\n"
    )
    kubectl("apply", "-f", "-", stdin=manifest)
    assert kubectl("logs", "p").out == "first\nsecond\n"
    assert kubectl("logs", "p", "--tail=1").out == "second\n"


def test_a_kubelet_that_does_not_answer(kubectl: Kubectl) -> None:
    kubectl("run", "web", "--image=nginx")
    node = kubectl("get", "pod", "web", "-o", "jsonpath={.spec.nodeName}").out
    ip = kubectl("get", "node", node, "-o", "jsonpath={.status.addresses[0].address}").out
    kubectl("node", "fail", node, "--mode=cut-off")
    timeout = f"dial tcp {ip}:10250: i/o timeout\n"
    upgrading = "error: unable to upgrade connection"
    assert kubectl("exec", "web", "--", "ls").err == f"{upgrading}: error dialing backend: {timeout}"
    kubectl("node", "recover", node)
    assert kubectl("exec", "web", "--", "hostname").out == "web\n"
    kubectl("node", "stop", node)
    refused = f"dial tcp {ip}:10250: connect: no route to host\n"
    dialing = f"{upgrading}: error dialing backend: {refused}"
    assert kubectl("exec", "web", "--", "ls").err == dialing
    assert kubectl("attach", "web").err.endswith(dialing)
    url = f"https://{ip}:10250/containerLogs/default/web/web"
    assert kubectl("logs", "web").err == f'Error from server: Get "{url}": {refused}'
    assert kubectl("logs", "web", "--tail=3").err == f'Error from server: Get "{url}?tailLines=3": {refused}'


def test_a_pod_without_a_node(kubectl: Kubectl) -> None:
    override = '{"spec": {"nodeSelector": {"none": "such"}}}'
    kubectl("run", "web", "--image=nginx", "--overrides", override)
    assert kubectl("logs", "web") == (0, "", "")
    no_host = "error: unable to upgrade connection: pod web does not have a host assigned\n"
    assert kubectl("exec", "web", "--", "ls").err == no_host


def test_keys_that_leave_a_session() -> None:
    keys = Detaching(detach_keys("ctrl-p,ctrl-q"))
    assert keys.passed(b"ls\r") == b"ls\r"
    assert keys.passed(b"\x10") == b"" and keys.passed(b"x") == b"\x10x"
    assert keys.passed(b"a\x10") == b"a" and keys.passed(b"\x11") is None
    assert detach_keys("a,ctrl-[") == b"a\x1b"
    with pytest.raises(KubectlError, match="could not bind detach keys: Unknown character: 'ctrl-pp'"):
        detach_keys("ctrl-pp")


def test_file_specs() -> None:
    assert file_spec("a/b") == FileSpec("", "", "a/b")
    assert file_spec("p:/a") == FileSpec("", "p", "/a")
    assert file_spec("n/p:a") == FileSpec("n", "p", "a")
    for wrong in (":a", "a/b/c:d"):
        with pytest.raises(KubectlError, match="filespec must match the canonical format"):
            file_spec(wrong)


def test_attach_shows_what_is_printed_from_now_on(kubectl: Kubectl) -> None:
    script = "echo before; sleep 30; echo after; sleep 5"
    kubectl("run", "p", "--image=a", "--restart=Never", "--command", "--", "sh", "-c", script)
    assert kubectl("attach", "p").out == "after\n"
    assert kubectl("attach", "p").err == (
        "error: cannot attach a container in a completed pod; current phase is Succeeded\n"
    )


def test_debug_adds_an_ephemeral_container(shell: Kubectl) -> None:
    assert shell("debug", "box", "--image=busybox", "-c", "dbg").status == 0
    added = pod(shell, "box")["spec"]["ephemeralContainers"][0]
    assert added["name"] == "dbg"
    assert added["securityContext"] == {"capabilities": {"add": ["SYS_PTRACE"]}}
    assert shell("debug", "box").err == "error: you must specify --image when not using --copy-to.\n"
    assert shell("debug", "box", "--image=a", "--profile=x").err == "error: unknown profile: x\n"


def test_debug_copies(shell: Kubectl) -> None:
    assert shell("debug", "box", "--copy-to=box2", "--set-image=*=alpine").status == 0
    assert pod(shell, "box2")["spec"]["containers"][0]["image"] == "alpine"
    assert shell("debug", "node/node-1", "--image=busybox").out.startswith(
        "Creating debugging pod node-debugger-node-1-"
    )


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_profiles_only_share_the_host_with_nodes(profile: str) -> None:
    container: dict[str, Any] = {"name": "c", "livenessProbe": {}}
    obj: dict[str, Any] = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [container]}}
    apply(profile, obj, container, COPY, Keep())
    assert "hostNetwork" not in obj["spec"]
    assert "labels" not in obj["metadata"]
    assert "livenessProbe" not in container
    apply(profile, obj, container, NODE, Keep())
    assert obj["spec"].get("hostNetwork", False) == (profile not in ("baseline", "restricted"))


def test_the_best_pod_comes_first() -> None:
    def made(name: str, ready: str, restarts: int, node: str = "n") -> dict[str, Any]:
        return {
            "metadata": {"name": name, "creationTimestamp": "2026-01-01T00:00:00Z"},
            "spec": {"nodeName": node},
            "status": {
                "phase": "Running" if node else "Pending",
                "conditions": [{"type": "Ready", "status": ready, "lastTransitionTime": "2026-01-01T00:00:00Z"}],
                "containerStatuses": [{"restartCount": restarts}],
            },
        }

    pods = [made("pending", "False", 0, ""), made("calm", "True", 0), made("busy", "True", 5), made("not", "False", 9)]
    names = [each["metadata"]["name"] for each in sorted(pods, key=podpicking.by_logging)]
    assert names == ["busy", "calm", "not", "pending"]
    assert min(pods, key=podpicking.by_activity)["metadata"]["name"] == "calm"


def test_names_of_all_containers() -> None:
    spec = {"containers": [{"name": "a"}], "initContainers": [{"name": "i"}], "ephemeralContainers": [{"name": "e"}]}
    assert podpicking.all_names({"spec": spec}) == "a, e (ephem), i (init)"


def test_a_missing_namespace_is_named_instead_of_the_object(kubectl: Kubectl) -> None:
    assert kubectl("exec", "web", "-n", "none", "--", "ls").err == (
        'Error from server (NotFound): namespaces "none" not found\n'
    )
    assert kubectl("get", "pod", "web").err == 'Error from server (NotFound): pods "web" not found\n'


def test_exec_takes_a_pod_as_its_file_has_it(kubectl: Kubectl, tmp_path: Path) -> None:
    kubectl("run", "web", "--image=nginx")
    file = tmp_path / "pod.yaml"
    file.write_text('{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}}')
    pod = ("exec", "-f", str(file))
    assert kubectl(*pod, "--", "hostname").err == "error: pod default/web does not have any containers\n"
    assert kubectl(*pod, "-c", "web", "--", "hostname").err.startswith("error: container web is not valid for pod web")
    file.write_text("apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: x}]}\n")
    assert kubectl(*pod, "--", "hostname").out == "web\n"
    assert "when a path is specified" in kubectl(*pod, "web", "--", "hostname").err


def test_a_running_timeout_is_positive(kubectl: Kubectl) -> None:
    for command in (("exec", "web", "--", "ls"), ("attach", "web"), ("port-forward", "web", "80"), ("logs", "web")):
        refused = kubectl(command[0], "--pod-running-timeout=0", *command[1:])
        assert refused.err.startswith("error: --pod-running-timeout must be higher than zero\n")
