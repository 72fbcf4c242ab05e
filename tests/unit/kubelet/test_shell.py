"""The shell that container commands are read with."""

from __future__ import annotations

import pytest

from minikctl.kubelet.disk import Disk
from minikctl.kubelet.runtime.shell import Unsupported
from minikctl.kubelet.runtime.shell.control import Endless
from minikctl.kubelet.runtime.shell.interpreter import Shell, World


def run(script: str, env: dict[str, str] | None = None, files: dict[str, str] | None = None) -> tuple[int, str, float]:
    disk = Disk()
    for path, content in (files or {}).items():
        disk.put(path, content)
    shell = Shell(dict(env or {}), disk, World(0.0, "host"))
    code = shell.run(["sh", "-c", script])
    return code, "".join(text for _, text in shell.output), shell.time


@pytest.mark.parametrize(
    ("script", "code", "output"),
    [
        ("echo hi", 0, "hi\n"),
        ("echo 'a  b' c; exit 7", 7, "a  b c\n"),
        ("true && echo yes || echo no", 0, "yes\n"),
        ("false && echo yes || echo no", 0, "no\n"),
        ("false", 1, ""),
        ("x=5; echo $x ${y:-none} \"$x $y\" '${x}'", 0, "5 none 5  ${x}\n"),
        ('if [ -z "$x" ]; then echo empty; else echo full; fi', 0, "empty\n"),
        ("for i in 1 2 3; do echo $i; done", 0, "1\n2\n3\n"),
        ("i=0; while [ $i -lt 3 ]; do echo $i; i=$((i+1)); done", 0, "0\n1\n2\n"),
        ("echo $(echo inner | tr a-z A-Z)", 0, "INNER\n"),
        ("printf '%s-%d\\n' a 3 b 4", 0, "a-3\nb-4\n"),
        ("cat /etc/config/a.txt | grep -v x | wc -l", 0, "2\n"),
        ("case $kind in a|b) echo ab;; *) echo other;; esac", 0, "other\n"),
        ("f() { echo in $1; return 3; }; f x; echo $?", 0, "in x\n3\n"),
        ("set -e; false; echo never", 1, ""),
        ("set -e; if false; then :; fi; false || echo on; echo end", 0, "on\nend\n"),
        ("cat <<EOF\nhello $name\nEOF\n", 0, "hello world\n"),
        ("echo a > /tmp/f; echo b >> /tmp/f; cat /tmp/f; rm /tmp/f; cat /tmp/f", 1, None),
        ("(exit 4); echo $?", 0, "4\n"),
        ("! true; echo $?", 0, "1\n"),
        ("echo one; # comment\necho two", 0, "one\ntwo\n"),
        ("exec echo done", 0, "done\n"),
        ("cat /nowhere", 1, "cat: can't open '/nowhere': No such file or directory\n"),
        ("echo -n a; echo -e 'b\\tc'", 0, "ab\tc\n"),
        ("path=/a/b.txt; echo ${path##*/} ${path%.txt}", 0, "b.txt /a/b\n"),
        ("[ a = a -a 1 -lt 2 ] && echo both", 0, "both\n"),
        ("seq 2 4 | tail -n 1", 0, "4\n"),
        ("echo err >&2; exit 2", 2, "err\n"),
        ("cat /nowhere 2>/dev/null; echo on", 0, "on\n"),
        ("x=$(cat /nowhere 2>&1); echo got $x", 0, "got cat: can't open '/nowhere': No such file or directory\n"),
        ("x=$(echo hidden >&2; echo seen); echo $x", 0, "hidden\nseen\n"),
    ],
)
def test_scripts(script: str, code: int, output: str | None) -> None:
    found = run(script, {"name": "world", "kind": "c"}, {"/etc/config/a.txt": "1\nx\n2\n"})
    assert found[0] == code
    if output is not None:
        assert found[1] == output


def test_sleeping_takes_cluster_time() -> None:
    assert run("echo a; sleep 5; sleep 1m; exit 3") == (3, "a\n", 65.0)


def test_output_is_stamped() -> None:
    shell = Shell({}, Disk(), World())
    shell.run(["sh", "-c", "echo a; sleep 2; echo b"])
    assert shell.output == [(0.0, "a\n"), (2.0, "b\n")]


@pytest.mark.parametrize(
    "script", ["while true; do echo x; sleep 1; done", "sleep infinity", "tail -f /dev/null", "sh"]
)
def test_endless(script: str) -> None:
    with pytest.raises(Endless):
        run(script)


def test_a_loop_that_breaks_ends() -> None:
    assert run("while true; do echo x; break; done") == (0, "x\n", 0.0)


def test_a_horizon_cuts_an_endless_script_off() -> None:
    shell = Shell({}, Disk(), World(), horizon=2.5)
    with pytest.raises(Endless):
        shell.run(["sh", "-c", "while true; do echo x; sleep 1; done"])
    assert len(shell.output) == 3


@pytest.mark.parametrize("script", ["nginx -g 'daemon off;'", "echo a; /opt/server", "a & b", "echo ${x//a/b}"])
def test_unknown_things_are_unsupported(script: str) -> None:
    with pytest.raises(Unsupported):
        run(script)


def test_waiting_for_a_service() -> None:
    world = World()
    shell = Shell({}, Disk(), world)
    with pytest.raises(Endless):
        shell.run(["sh", "-c", "until nc -z db 5432; do sleep 1; done"])
    assert world.asked
    world = World()
    world.reaches = lambda host, port, at: host == "db" and port == 5432 and at >= 4
    shell = Shell({}, Disk(), world)
    assert shell.run(["sh", "-c", "until nc -z db 5432; do sleep 1; done"]) == 0
    assert shell.time == 4.0


def test_wget_and_awk_as_in_real_manifests() -> None:
    world = World()
    world.reaches = lambda host, port, at: True
    shell = Shell({"ADDR": "frontend:80"}, Disk(), world)
    script = """
for i in $(seq 1 3); do
  STATUS=$(wget --server-response http://${ADDR} 2>&1 | awk '/^  HTTP/{print $2}')
  if [ $STATUS -eq 200 ]; then
    echo "reachable"; exit 0
  fi
  sleep 10
done
exit 1
"""
    assert shell.run(["/bin/sh", "-exc", script]) == 0
    assert "reachable\n" in [text for _, text in shell.output]


@pytest.mark.parametrize(
    ("script", "output"),
    [
        ("mkdir -p /a/b; touch /a/b/c; ls /a; rm -r /a; ls /a; echo $?", "b\nls: /a: No such file or directory\n1\n"),
        ("echo x > /f; chmod 750 /f; ls -l /f", "-rwxr-x---    1 root     root             2 Jan  1 00:00 /f\n"),
        ("printf 'b\\na\\nb\\n' | sort | uniq -c", "      1 a\n      2 b\n"),
        ("printf 'one two\\n' | sed 's/two/&!/' | wc -w", "2\n"),
        ("printf abc | base64; printf YWJj | base64 -d", "YWJj\nabc"),
        ("printf 1234567 | tail -c +3 | head -c 2", "34"),
        ("mkdir /d; echo 1 > /d/f; tar cf /x.tar /d; rm -r /d; tar xf /x.tar -C /; cat /d/f", None),
        ("printf 'a\\nb\\n' | while read l; do echo got $l; done", "got a\ngot b\n"),
        ("cp /etc/hostname /nowhere/x || echo no", None),
        ("find / -name '*.conf' -type f", ""),
        ("env -i A=1 env; echo ${A:-unset}", "A=1\nunset\n"),
        ("cd /tmp/..; pwd; cd -; pwd", "/\n/\n"),
        ("printf 'a b\\nc d\\n' | awk '{print $2}' | xargs echo all", "all b d\n"),
        ("echo -n hi | sha256sum | cut -d' ' -f1 | head -c 8", "8f434346"),
        ("return 4", ""),
        ("mkdir /d; touch /d/a.c /d/b.c /d/.h.c; echo /d/*.c '/d/*.c' /d/*.x", "/d/a.c /d/b.c /d/*.c /d/*.x\n"),
        ("mkdir -p /d/x /d/y; touch /d/x/1 /d/y/2; cd /d; echo */? [x]", "x/1 y/2 x\n"),
        ("for f in /etc/config/*; do cat $f; done", None),
    ],
)
def test_programs(script: str, output: str | None) -> None:
    found = run(script)
    if output is not None:
        assert found[1] == output


def test_a_script_in_a_file_is_run() -> None:
    assert run("/scripts/go.sh a b; echo $?", files={"/scripts/go.sh": "#!/bin/sh\necho $2; exit 6\n"})[1] == "b\n6\n"


def test_a_file_that_is_no_script_is_a_program_like_any_other() -> None:
    with pytest.raises(Unsupported):
        run("/shared/server --port=80", files={"/shared/server": ""})


@pytest.mark.parametrize(
    "script", ["seq 1 100000000", "x=aaaaaaaa; while true; do x=$x$x; [ -z $x ] && break; done", "yes"]
)
def test_what_grows_without_end_is_endless(script: str) -> None:
    with pytest.raises(Endless):
        run(script)


@pytest.mark.parametrize("script", ["(" * 5000, "printf %99999d 1", "f() { f; }; f", "echo | ! true", "seq a"])
def test_what_no_shell_would_survive_is_unsupported(script: str) -> None:
    with pytest.raises(Unsupported):
        run(script)
