"""kubectl create configmap: data from files, directories, env files and literals.

Upstream counterpart: `create_configmap.go` of kubectl's `pkg/cmd/create`.
"""

from __future__ import annotations

from minikctl.apimachinery.request import Obj
from minikctl.kubectl.cmd import sources
from minikctl.kubectl.cmd.generator import GeneratorOptions
from minikctl.kubectl.command import Command
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flags import BOOL, STRING_ARRAY, STRING_SLICE, Flag, quote
from minikctl.kubectl.flagsets import CREATE

SOURCE_FLAGS = (
    Flag("append-hash", "", BOOL, False, "Append a hash of the content to the name."),
    Flag("from-env-file", "", STRING_SLICE, [], "A file of lines key=val (a .env file) to read keys and values from."),
    Flag("from-file", "", STRING_SLICE, [], "[key=]path of a file to read, or of a directory whose files are read."),
    Flag("from-literal", "", STRING_ARRAY, [], "A key and its value (mykey=somevalue)"),
)


class ConfigMapOptions(GeneratorOptions):
    """A ConfigMap."""

    failure = "failed to create configmap: "

    def validate(self) -> None:
        flags = self.flags
        if flags["from-env-file"] and (flags["from-file"] or flags["from-literal"]):
            raise KubectlError("from-env-file cannot be combined with from-file or from-literal")

    def build(self) -> Obj:
        self.data: dict[str, str] = {}
        self.binary: dict[str, str] = {}
        for source in self.flags["from-file"]:
            for key, content in sources.files(source):
                self._add_content(key, content)
        for source in self.flags["from-literal"]:
            self._add(*sources.literal(source))
        for path in self.flags["from-env-file"]:
            for key, value in sources.env_file(path, self.factory.environ):
                self._add(key, value)
        obj: Obj = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": self.name}}
        if self.data:
            obj["data"] = dict(sorted(self.data.items()))
        if self.binary:
            obj["binaryData"] = dict(sorted(self.binary.items()))
        if self.flags["append-hash"]:
            obj["metadata"]["name"] = f"{self.name}-{self._hash()}"
        return obj

    def _hash(self) -> str:
        from minikctl.printers.jsonout import compact

        content: Obj = {"kind": "ConfigMap", "name": self.name, "data": self.data}
        if self.binary:
            content["binaryData"] = self.binary
        return sources.hash_suffix(compact(content))

    def _add_content(self, key: str, content: bytes) -> None:
        try:
            self._add(key, content.decode("utf-8"))
        except UnicodeDecodeError:
            import base64

            self._check(key)
            self.binary[key] = base64.b64encode(content).decode()

    def _add(self, key: str, value: str) -> None:
        self._check(key)
        self.data[key] = value

    def _check(self, key: str) -> None:
        problems = sources.key_errors(key)
        if problems:
            raise KubectlError(f"{quote(key)} is not a valid key name for a ConfigMap: {','.join(problems)}")
        for part, where in ((self.data, "Data"), (self.binary, "BinaryData")):
            if key in part:
                raise KubectlError(
                    f"cannot add key {quote(key)}, another key by that name already exists in {where} for ConfigMap "
                    f"{quote(self.name)}"
                )


CONFIGMAP = Command(
    "create configmap NAME [--from-file=[key=]source] [--from-literal=key1=value1] [--dry-run=server|client|none]",
    ConfigMapOptions,
    (*CREATE, *SOURCE_FLAGS),
    long="""
Create a config map from a file, a directory, or literal values.

 From a file, the key is its base name unless another is given; from a directory, each regular file whose name is a
 valid key becomes an entry. Directories below it, links and devices are left out.
""",
    example="""
        # Create a config map from the files in bar
        kubectl create configmap my-config --from-file=path/to/bar

        # Create a config map with keys of your choice
        kubectl create configmap my-config --from-file=key1=/path/to/bar/file1.txt

        # Create a config map from literals
        kubectl create configmap my-config --from-literal=key1=config1 --from-literal=key2=config2

        # Create a config map from an env file
        kubectl create configmap my-config --from-env-file=path/to/bar.env
        """,
)
