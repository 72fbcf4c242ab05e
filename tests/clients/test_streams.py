"""exec, attach, cp, logs -f and port-forward by real clients, over `serve`."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PROGRAM = [sys.executable, "-m", "minikctl"]
PODS = """
apiVersion: v1
kind: Pod
metadata: {name: box}
spec:
  containers:
  - {name: box, image: busybox, command: [sh, -c, "echo begun; sleep 100000"], env: [{name: COLOR, value: red}]}
---
apiVersion: v1
kind: Pod
metadata: {name: shell}
spec:
  containers:
  - {name: shell, image: busybox, stdin: true}
---
apiVersion: v1
kind: Pod
metadata:
  name: web
  labels: {app: web}
  annotations: {minikctl.dev/http: "/: hello\\n/healthz: 503\\n"}
spec:
  containers:
  - {name: web, image: nginx, ports: [{containerPort: 8080, name: http}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{port: 80, targetPort: http}]
"""


Run = Callable[..., Any]


@pytest.fixture(scope="module", autouse=True)
def pods(served: str) -> None:
    """What the streams lead to."""
    command = [*PROGRAM, "apply", "-f", "-"]
    subprocess.run(command, env=own_env(served), input=PODS, capture_output=True, text=True, check=True)


def own_env(served: str) -> dict[str, str]:
    """The environment of a minikctl that works on the file that is served."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "MINIKCTL_HOME": os.path.dirname(served)}
    env.pop("KUBECONFIG", None)
    return env


def test_exec_keeps_the_streams_apart(kubectl: Run) -> None:
    answer = kubectl("exec", "box", "--", "sh", "-c", "echo $COLOR; echo oops >&2; exit 3")
    assert answer == (3, "red\n", "oops\ncommand terminated with exit code 3\n")
    answer = kubectl("exec", "-i", "box", "--", "sh", stdin="x=5\necho $x\nexit 4\n")
    assert answer == (4, "5\n", "command terminated with exit code 4\n")
    assert kubectl("exec", "box", "--", "nope").status == 127
    answer = kubectl("exec", "box", "-c", "other", "--", "ls")
    assert "container other is not valid for pod box" in answer.err


def test_older_clients_speak_spdy(kubectl: Run, kubectl_env: dict[str, str]) -> None:
    kubectl_env["KUBECTL_REMOTE_COMMAND_WEBSOCKETS"] = "false"
    answer = kubectl("exec", "-i", "box", "--", "sh", "-c", "read x; echo $x; echo oops >&2; exit 3", stdin="word\n")
    assert answer == (3, "word\n", "oops\ncommand terminated with exit code 3\n")
    answer = kubectl("exec", "ghost", "--", "ls")
    assert answer.err == 'Error from server (NotFound): pods "ghost" not found\n'
    printed = kubectl("exec", "-v=8", "box", "--", "true").err
    assert "101 Switching Protocols" in printed and "v4.channel.k8s.io" in printed


def test_a_terminal(kubectl_program: str, kubectl_env: dict[str, str]) -> None:
    printed, status = on_a_terminal(
        [kubectl_program, "exec", "-it", "box", "--", "sh"],
        kubectl_env,
        [("/ # ", "cd /tmp; x=7\r"), ("/tmp # ", "echo $x\x7fx\r"), ("7\r\n/tmp # ", "exit $x\r")],
    )
    assert "7\r\n/tmp # exit $x\r\n" in printed
    assert status == 7


def on_a_terminal(command: list[str], env: dict[str, str], dialogue: list[tuple[str, str]]) -> tuple[str, int]:
    """What a program prints on a terminal while somebody types each answer once its prompt has come."""
    child, terminal = pty.fork()
    if child == 0:
        os.execvpe(command[0], command, env)
    printed, at = "", 0
    try:
        for prompt, typed in [*dialogue, ("\0", "")]:
            while prompt not in printed[at:]:
                if not select.select([terminal], [], [], 20)[0]:
                    raise AssertionError(f"{prompt!r} does not come: {printed!r}")
                try:
                    data = os.read(terminal, 4096)
                except OSError:
                    data = b""
                if not data:
                    break
                printed += data.decode()
            at = len(printed)
            if typed:
                os.write(terminal, typed.encode())
    finally:
        os.close(terminal)
    return printed, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_cp_both_ways(kubectl: Run, tmp_path: Path) -> None:
    (tmp_path / "dir" / "empty").mkdir(parents=True)
    (tmp_path / "dir" / "bytes").write_bytes(bytes(range(256)) * 500)
    assert kubectl("cp", "dir", "box:/srv/copy").status == 0
    assert kubectl("exec", "box", "--", "ls", "/srv/copy").out == "bytes\nempty\n"
    assert kubectl("cp", "box:/srv/copy", "back").status == 0
    assert (tmp_path / "back" / "bytes").read_bytes() == bytes(range(256)) * 500
    assert (tmp_path / "back" / "empty").is_dir()


def test_attach_to_a_shell(kubectl: Run) -> None:
    answer = kubectl("attach", "-i", "shell", stdin="hostname\nexit 9\n")
    assert answer.out == "shell\n"
    ended = "jsonpath={.status.containerStatuses[0].lastState.terminated.exitCode}=9"
    assert kubectl("wait", "pod/shell", f"--for={ended}", "--timeout=20s").status == 0


def test_run_and_remove(kubectl: Run) -> None:
    answer = kubectl("run", "once", "-i", "--rm", "--image=busybox", "--restart=Never", "--", "cat", stdin="hello\n")
    assert (answer.status, answer.out.splitlines()[0]) == (0, "hello")
    assert answer.out.splitlines()[1].startswith('pod "once" deleted')


def test_logs_are_followed(kubectl: Run) -> None:
    assert (
        kubectl("run", "talk", "--image=a", "--restart=Never", "--", "sh", "-c", "echo 1; sleep 1; echo 2").status == 0
    )
    assert kubectl("wait", "pod/talk", "--for=jsonpath={.status.phase}=Running", "--timeout=20s").status == 0
    assert kubectl("logs", "-f", "talk") == (0, "1\n2\n", "")


@pytest.fixture(params=["kubectl", "kubectl over SPDY", "minikctl"])
def forward(request: pytest.FixtureRequest, served: str) -> Callable[..., subprocess.Popen[str]]:
    """Starts a port-forward: kubectl's over the network, minikctl's on the cluster's file."""
    command = PROGRAM
    if request.param != "minikctl":
        command = [request.getfixturevalue("kubectl_program"), "--kubeconfig", served]
    env = own_env(served)
    env["KUBECTL_PORT_FORWARD_WEBSOCKETS"] = str(request.param == "kubectl").lower()

    def start(*args: str) -> subprocess.Popen[str]:
        words = [*command, "port-forward", *args]
        return subprocess.Popen(words, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    return start


def output_of(process: subprocess.Popen[str]) -> str:
    """What a program that is about to end still prints; one that does not end is killed."""
    try:
        return process.communicate(timeout=20)[0]
    except subprocess.TimeoutExpired:
        process.kill()
        raise


@pytest.mark.parametrize("target", ["service/web", "pod/web"])
def test_port_forward(forward: Callable[..., subprocess.Popen[str]], target: str) -> None:
    with forward(target, ":80" if target == "service/web" else ":http") as forwarding:
        assert forwarding.stdout is not None
        try:
            line = forwarding.stdout.readline()
            assert line.startswith("Forwarding from 127.0.0.1:") and line.endswith(" -> 8080\n")
            port = line.split(":")[1].split(" ")[0]
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=20) as answer:
                assert answer.read() == b"hello"
            with pytest.raises(urllib.error.HTTPError, match="503") as unwell:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=20)
            unwell.value.close()
        finally:
            forwarding.send_signal(signal.SIGINT)
        rest = output_of(forwarding)
    assert rest.count(f"Handling connection for {port}\n") == 2
    assert forwarding.returncode == 0


def test_port_forward_to_a_closed_port(forward: Callable[..., subprocess.Popen[str]]) -> None:
    with forward("box", ":99") as forwarding:
        assert forwarding.stdout is not None
        try:
            port = forwarding.stdout.readline().split(":")[1].split(" ")[0]
            with pytest.raises(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=20)
            rest = output_of(forwarding)
        finally:
            forwarding.terminate()
    assert "dial tcp4 127.0.0.1:99: connect: connection refused" in rest
    assert rest.endswith("error: lost connection to pod\n")
    assert forwarding.returncode == 1


def test_the_proxy_of_services_and_pods(kubectl: Run) -> None:
    path = "/api/v1/namespaces/default"
    assert kubectl("get", "--raw", f"{path}/services/web/proxy/").out == "hello"
    assert kubectl("get", "--raw", f"{path}/pods/web:8080/proxy/").out == "hello"
    refused = kubectl("get", "--raw", f"{path}/services/web:99/proxy/")
    assert refused.err == 'Error from server (ServiceUnavailable): no service port "99" found for service "web"\n'


# In a process of its own: this client leaves its WebSockets to the garbage collector.
PYTHON_CLIENT = """
import json, sys
from kubernetes import client, config
from kubernetes.stream import portforward, stream

core = client.CoreV1Api(config.new_client_from_config(sys.argv[1]))
command = ["sh", "-c", "read x; echo got $x; echo oops >&2; exit 6"]
flags = {"stdin": True, "stdout": True, "stderr": True, "tty": False, "_preload_content": False}
talk = stream(core.connect_get_namespaced_pod_exec, "box", "default", command=command, **flags)
talk.write_stdin("word\\n")
talk.run_forever(timeout=20)
executed = [talk.read_stdout(), talk.read_stderr(), talk.returncode]

forward = portforward(core.connect_get_namespaced_pod_portforward, "web", "default", ports="8080")
connection = forward.socket(8080)
connection.setblocking(True)
connection.settimeout(20)
connection.sendall(b"GET / HTTP/1.1\\r\\nHost: web\\r\\nConnection: close\\r\\n\\r\\n")
received = b""
while data := connection.recv(4096):
    received += data
print(json.dumps([executed, received.decode(), forward.error(8080)]))
"""


def test_the_python_client_executes_and_forwards(served: str) -> None:
    pytest.importorskip("kubernetes")
    command = [sys.executable, "-W", "ignore", "-c", PYTHON_CLIENT, served]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    executed, received, error = json.loads(answer.stdout)
    assert executed == ["got word\n", "oops\n", 6]
    assert received.startswith("HTTP/1.1 200 OK\r\n") and received.endswith("\r\n\r\nhello")
    assert error is None


def test_minikctls_proxy(served: str, tmp_path: Path) -> None:
    (tmp_path / "page.txt").write_text("static")
    env = own_env(served)
    command = [*PROGRAM, "proxy", "--port=0", f"--www={tmp_path}", "--api-prefix=/k8s"]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as proxy:
        assert proxy.stdout is not None
        try:
            url = "http://" + proxy.stdout.readline().rsplit(" ", 1)[1].strip()

            def get(path: str, **headers: str) -> tuple[int, bytes]:
                try:
                    with urllib.request.urlopen(urllib.request.Request(url + path, headers=headers), timeout=20) as got:
                        return got.status, got.read()
                except urllib.error.HTTPError as error:
                    with error:
                        return error.code, error.read()

            assert b'"name":"web"' in get("/k8s/api/v1/namespaces/default/pods/web")[1]
            assert get("/k8s/api/v1/namespaces/default/services/web/proxy/") == (200, b"hello")
            assert get("/static/page.txt") == (200, b"static")
            assert get("/static/../../etc/passwd")[0] == 404
            assert get("/k8s/version", Host="elsewhere") == (403, b"Forbidden\n")
            assert get("/api/v1/namespaces/default/pods/box/exec")[0] == 403
        finally:
            proxy.send_signal(signal.SIGINT)
