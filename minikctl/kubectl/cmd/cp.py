"""kubectl cp: copies files and directories to and from containers, through the tar in the container.

Upstream counterpart: kubectl's `pkg/cmd/cp`.
"""

from __future__ import annotations

import os
import posixpath
import tarfile
from io import BytesIO
from typing import NamedTuple

from minikctl.apimachinery.request import Obj
from minikctl.kubectl import podpicking
from minikctl.kubectl.command import Command, Options
from minikctl.kubectl.errors import CommandFailed, KubectlError
from minikctl.kubectl.flags import BOOL, INT, STRING, Flag, quote
from minikctl.kubectl.remotecommand import Output, execute

FLAGS = (
    Flag("container", "c", STRING, "", "Container name. By default the annotated one, or the first of the pod."),
    Flag("no-preserve", "", BOOL, False, "Do not keep the files' ownership and permissions in the container"),
    Flag("retries", "", INT, 0, "Number of retries of a copy from a container; negative for no limit."),
)
_FORMAT = "filespec must match the canonical format: [[namespace/]pod:]file/path"


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
        if not self.source.pod and not os.path.exists(self.source.path):
            raise KubectlError(f"{self.source.path} doesn't exist in local filesystem")
        remote = self.source if self.source.pod else self.target
        self.pod: Obj = self.factory.client.get("pods", remote.pod, remote.namespace or self.factory.namespace)
        phase = (self.pod.get("status") or {}).get("phase")
        if phase in ("Succeeded", "Failed"):
            raise KubectlError(f"cannot exec into a container in a completed pod; current phase is {phase}")
        # Out of a container, upstream prints what is said on the way where everything else goes.
        say = self.factory.out if self.source.pod else self.factory.err
        chosen = self.flags["container"]
        picked = (
            podpicking.container_named(self.factory, self.pod, chosen)
            if chosen
            else podpicking.default_container(self.factory, self.pod, say=say)
        )
        self.container: str = picked["name"]
        if self.source.pod:
            self._from_pod()
        else:
            self._to_pod()

    def _execute(self, *command: str, stdin: bytes | None = None) -> Output:
        return execute(self.factory, self.pod, self.container, command, stdin)

    # -- into the container

    def _to_pod(self) -> None:
        path = self.source.path
        target = posixpath.normpath(self.target.path)
        if self._execute("test", "-d", self.target.path).exit_code == 0:
            target = posixpath.join(target, os.path.basename(os.path.normpath(path)))
        kept = ["--no-same-permissions", "--no-same-owner"] if self.flags["no-preserve"] else []
        command = ["tar", *kept, "-xmf", "-", "-C", posixpath.dirname(target) or "."]
        result = self._execute(*command, stdin=_packed(path, posixpath.basename(target)))
        self.factory.streams.out.write(result.stdout.decode("utf-8", "surrogateescape"))
        self.factory.streams.err.write(result.stderr.decode("utf-8", "surrogateescape"))
        self._check(result)

    def _check(self, result: Output) -> None:
        if result.exit_code:
            raise CommandFailed(f"command terminated with exit code {result.exit_code}", result.exit_code)

    # -- out of the container

    def _from_pod(self) -> None:
        path = self.source.path
        result = self._execute("tar", "cf", "-", path)
        self.factory.streams.out.write(result.stderr.decode("utf-8", "surrogateescape"))
        prefix = _without_shortcuts(posixpath.normpath(path.lstrip("/")))
        try:
            with tarfile.open(fileobj=BytesIO(result.stdout)) as archive:
                self._unpack(archive, prefix)
        except tarfile.TarError:
            pass  # its exit status tells
        self._check(result)

    def _unpack(self, archive: tarfile.TarFile, prefix: str) -> None:
        target = os.path.normpath(self.target.path)
        warned = False
        for member in archive:
            if not member.name.startswith(prefix):
                raise KubectlError("tar contents corrupted")
            local = os.path.normpath(os.path.join(target, member.name[len(prefix) :].lstrip("/")))
            if not _is_within(target, local):
                self.factory.err(f"warning: file {quote(local)} is outside target destination, skipping")
            elif member.issym():
                warned = warned or self._warn_of_link(local, member.linkname)
            else:
                _restore(archive, member, local)

    def _warn_of_link(self, local: str, target: str) -> bool:
        source, program = self.source, self.factory.program
        namespace = source.namespace or self.factory.namespace
        way = f"{program} exec -n {quote(namespace)} {quote(source.pod)} -- tar cf - {quote(source.path)} | tar xf -"
        self.factory.err(f'warning: skipping symlink: {quote(local)} -> {quote(target)} (consider using "{way}")')
        return True


def _packed(path: str, name: str) -> bytes:
    """A tar archive of a local file or directory, which is called `name` in it."""
    packed = BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        _pack(archive, os.path.normpath(path), name)
    return packed.getvalue()


def _pack(archive: tarfile.TarFile, path: str, name: str) -> None:
    if not os.path.isdir(path) or os.path.islink(path):
        archive.add(path, name, recursive=False)
        return
    inside = sorted(os.listdir(path))
    if not inside:
        archive.add(path, name, recursive=False)
    for each in inside:
        _pack(archive, os.path.join(path, each), f"{name}/{each}")


def _restore(archive: tarfile.TarFile, member: tarfile.TarInfo, local: str) -> None:
    """Write a file or make a directory here, with the mode it has in the archive."""
    try:
        if member.isdir():
            os.makedirs(local, exist_ok=True)
            return
        os.makedirs(os.path.dirname(local) or ".", exist_ok=True)
        content = archive.extractfile(member)
        with open(local, "wb") as file:
            file.write(content.read() if content is not None else b"")
    except OSError as error:
        raise KubectlError(f"open {local}: {(error.strerror or str(error)).lower()}") from None


def _without_shortcuts(path: str) -> str:
    """A path without the "../" at its beginning."""
    clean = path
    while clean.startswith("../"):
        clean = clean[3:]
    return "" if clean in (".", "..") else clean.lstrip("/")


def _is_within(directory: str, path: str) -> bool:
    relative = os.path.relpath(path, directory)
    return relative == os.curdir or not relative.startswith(os.pardir)


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
