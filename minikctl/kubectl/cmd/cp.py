"""kubectl cp: copies files and directories to and from containers.

Goes through the container's shell, as upstream goes through its tar. Upstream counterpart: kubectl's
`pkg/cmd/cp`.
"""

from __future__ import annotations

import os
import posixpath
from typing import NamedTuple

from minikctl.apimachinery.request import Obj
from minikctl.kubectl import podpicking
from minikctl.kubectl.command import Command, Options
from minikctl.kubectl.errors import CommandFailed, KubectlError
from minikctl.kubectl.flags import BOOL, INT, STRING, Flag
from minikctl.kubectl.remotecommand import Output, execute

FLAGS = (
    Flag("container", "c", STRING, "", "Container name. By default the annotated one, or the first of the pod."),
    Flag("no-preserve", "", BOOL, False, "Do not keep the files' ownership and permissions in the container"),
    Flag("retries", "", INT, 0, "Number of retries of a copy from a container; negative for no limit."),
)
_FORMAT = "filespec must match the canonical format: [[namespace/]pod:]file/path"
# There in every image, though an emulated disk holds only files.
_DIRECTORIES = frozenset(
    ("/", "/data", "/etc", "/home", "/mnt", "/opt", "/root", "/srv", "/tmp", "/usr", "/usr/local", "/var", "/var/log")
)


class FileSpec(NamedTuple):
    """A file here (no pod) or in a container."""

    namespace: str
    pod: str
    path: str


def file_spec(text: str) -> FileSpec:
    """[[NAMESPACE/]POD:]PATH."""
    pod, colon, path = text.partition(":")
    if not colon:
        return FileSpec("", "", text)
    namespace, slash, name = pod.rpartition("/")
    if not pod or "/" in namespace or (slash and not name):
        raise KubectlError(_FORMAT)
    return FileSpec(namespace, name, path)


class CpOptions(Options):
    """What to copy where."""

    def complete(self, args: list[str]) -> None:
        if len(args) != 2:
            raise KubectlError("source and destination are required")
        self.source, self.target = file_spec(args[0]), file_spec(args[1])

    def validate(self) -> None:
        if self.source.pod and self.target.pod:
            raise KubectlError("one of src or dest must be a local file specification")
        if not self.source.path or not self.target.path:
            raise KubectlError("filepath can not be empty")
        if not self.source.pod and not self.target.pod:
            raise KubectlError("one of src or dest must be a remote file specification")

    def run(self) -> None:
        remote = self.source if self.source.pod else self.target
        self.pod: Obj = self.factory.client.get("pods", remote.pod, remote.namespace or self.factory.namespace)
        phase = (self.pod.get("status") or {}).get("phase")
        if phase in ("Succeeded", "Failed"):
            raise KubectlError(f"cannot exec into a container in a completed pod; current phase is {phase}")
        self.container = podpicking.container_named(self.factory, self.pod, self.flags["container"])["name"]
        if self.source.pod:
            self._from_pod()
        else:
            self._to_pod()

    def _execute(self, *command: str, stdin: str = "") -> Output:
        return execute(self.factory, self.pod, self.container, command, stdin)

    def _is_directory(self, path: str) -> bool:
        return self._execute("test", "-d", path).exit_code == 0

    # -- into the container

    def _to_pod(self) -> None:
        path = self.source.path
        if not os.path.exists(path):
            raise KubectlError(f"{path} doesn't exist in local filesystem")
        target = posixpath.normpath(self.target.path)
        if self.target.path.endswith("/") or target in _DIRECTORIES or self._is_directory(target):
            target = posixpath.join(target, os.path.basename(os.path.normpath(path)))
        if not os.path.isdir(path):
            self._write(path, target)
            return
        for directory, _, names in os.walk(path):
            relative = os.path.relpath(directory, path)
            for name in sorted(names):
                self._write(os.path.join(directory, name), posixpath.normpath(posixpath.join(target, relative, name)))

    def _write(self, path: str, target: str) -> None:
        with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
            result = self._execute("tee", target, stdin=file.read())
        self._check(result)

    def _check(self, result: Output) -> None:
        if result.exit_code:
            self.factory.streams.err.write(result.stderr)
            raise CommandFailed(f"command terminated with exit code {result.exit_code}", result.exit_code)

    # -- out of the container

    def _from_pod(self) -> None:
        path = posixpath.normpath(self.source.path)
        target = self.target.path
        if self._is_directory(path):
            self._read_directory(path, target)
            return
        if os.path.isdir(target) and target.endswith("/"):
            target = os.path.join(target, posixpath.basename(path))
        elif os.path.isdir(target):
            raise KubectlError(f"open {target}: is a directory")
        self._read(path, target)

    def _read_directory(self, path: str, target: str) -> None:
        os.makedirs(target, exist_ok=True)
        listed = self._execute("ls", path)
        self._check(listed)
        for name in listed.stdout.split():
            inner, local = posixpath.join(path, name), os.path.join(target, name)
            if self._is_directory(inner):
                self._read_directory(inner, local)
            else:
                self._read(inner, local)

    def _read(self, path: str, target: str) -> None:
        result = self._execute("cat", path)
        if result.exit_code:
            self.factory.err(f"tar: {path}: Cannot stat: No such file or directory")
            self._check(Output("", "", result.exit_code))
        os.makedirs(os.path.dirname(target) or ".", exist_ok=True)
        with open(target, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            file.write(result.stdout)


COMMAND = Command(
    "cp <file-spec-src> <file-spec-dest>",
    CpOptions,
    FLAGS,
    long="Copy files and directories to and from containers.",
    example="""
        # Copy the local directory /tmp/foo_dir to /tmp/bar_dir in a pod of the current namespace
        kubectl cp /tmp/foo_dir <some-pod>:/tmp/bar_dir

        # Copy the local file /tmp/foo to /tmp/bar in a certain container
        kubectl cp /tmp/foo <some-pod>:/tmp/bar -c <specific-container>

        # Copy the local file /tmp/foo to /tmp/bar in a pod of another namespace
        kubectl cp /tmp/foo <some-namespace>/<some-pod>:/tmp/bar

        # Copy /tmp/foo out of a pod
        kubectl cp <some-namespace>/<some-pod>:/tmp/foo /tmp/bar
        """,
)
