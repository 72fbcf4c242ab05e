"""kubectl create secret generic, tls and docker-registry.

Upstream counterpart: `create_secret*.go` of kubectl's `pkg/cmd/create`.
"""

from __future__ import annotations

import base64

from minikctl.apimachinery.request import Obj
from minikctl.kubectl.cmd import sources
from minikctl.kubectl.cmd.create_configmap import SOURCE_FLAGS
from minikctl.kubectl.cmd.generator import GeneratorOptions
from minikctl.kubectl.command import Command
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flags import STRING, STRING_SLICE, Flag, quote
from minikctl.kubectl.flagsets import CREATE


class SecretOptions(GeneratorOptions):
    """A Secret; subclasses fill `data` and say the type."""

    failure = "failed to create secret "

    def fill(self) -> str:
        """Add the data; returns the type."""
        raise NotImplementedError

    def build(self) -> Obj:
        self.data: dict[str, str] = {}
        kind = self.fill()
        name = self.name
        if self.flags["append-hash"]:
            from minikctl.printers.jsonout import compact

            content = {"kind": "Secret", "type": kind, "name": name, "data": self.data}
            name = f"{name}-{sources.hash_suffix(compact(content))}"
        obj: Obj = {"kind": "Secret", "apiVersion": "v1", "metadata": {"name": name}}
        if self.data:
            obj["data"] = dict(sorted(self.data.items()))
        if kind:
            obj["type"] = kind
        return obj

    def add(self, key: str, value: bytes) -> None:
        """Add an entry; refuses bad and repeated keys."""
        problems = sources.key_errors(key)
        if problems:
            raise KubectlError(f"{quote(key)} is not valid key name for a Secret {';'.join(problems)}")
        if key in self.data:
            raise KubectlError(f"cannot add key {key}, another key by that name already exists")
        self.data[key] = base64.b64encode(value).decode()

    def add_files(self, key: str = "") -> None:
        """Add what --from-file names; a source without a key of its own goes under `key`, if that is given."""
        for source in self.flags["from-file"]:
            for own, content in sources.files(source):
                self.add(key if key and "=" not in source else own, content)


class GenericOptions(SecretOptions):
    """A Secret from files, literals and env files."""

    def validate(self) -> None:
        flags = self.flags
        if flags["from-env-file"] and (flags["from-file"] or flags["from-literal"]):
            raise KubectlError("from-env-file cannot be combined with from-file or from-literal")

    def fill(self) -> str:
        for source in self.flags["from-literal"]:
            key, value = sources.literal(source)
            self.add(key, value.encode("utf-8", "surrogateescape"))
        self.add_files()
        for path in self.flags["from-env-file"]:
            for key, value in sources.env_file(path, self.factory.environ):
                self.add(key, value.encode())
        kind: str = self.flags["type"]
        return kind


class TLSOptions(SecretOptions):
    """A Secret of a certificate and its key."""

    def validate(self) -> None:
        if not self.flags["key"] or not self.flags["cert"]:
            raise KubectlError("key and cert must be specified")

    def fill(self) -> str:
        from minikctl.apimachinery import keypair

        cert, key = self._read(self.flags["cert"]), self._read(self.flags["key"])
        if problem := keypair.problem(cert, key):
            raise KubectlError(problem)
        self.add("tls.crt", cert)
        self.add("tls.key", key)
        return "kubernetes.io/tls"

    def _read(self, path: str) -> bytes:
        try:
            with open(path, "rb") as file:
                return file.read()
        except OSError as error:
            why = f"open {path}: {(error.strerror or '').lower()}"
            raise KubectlError(f"Cannot read file {path}, {why}") from None


class DockerRegistryOptions(SecretOptions):
    """A Secret with the credentials of an image registry."""

    def validate(self) -> None:
        flags = self.flags
        given = all(flags[f"docker-{part}"] for part in ("username", "password", "server"))
        if not flags["from-file"] and not given:
            raise KubectlError(
                "either --from-file or the combination of --docker-username, --docker-password and --docker-server "
                "is required"
            )

    def fill(self) -> str:
        flags = self.flags
        if flags["from-file"]:
            self.add_files(".dockerconfigjson")
            return "kubernetes.io/dockerconfigjson"
        import json

        username, password = flags["docker-username"], flags["docker-password"]
        entry = {"username": username, "password": password}
        if flags["docker-email"]:
            entry["email"] = flags["docker-email"]
        entry["auth"] = base64.b64encode(f"{username}:{password}".encode()).decode()
        config = json.dumps({"auths": {flags["docker-server"]: entry}}, separators=(",", ":"))
        self.add(".dockerconfigjson", config.encode())
        return "kubernetes.io/dockerconfigjson"


_APPEND_HASH = SOURCE_FLAGS[0]

GENERIC = Command(
    "create secret generic NAME [--type=string] [--from-file=[key=]source] [--from-literal=key1=value1] "
    "[--dry-run=server|client|none]",
    GenericOptions,
    (*CREATE, *SOURCE_FLAGS, Flag("type", "", STRING, "", "The type of secret to create")),
    long="""
Create a secret from a file, a directory, or literal values.

 From a file, the key is its base name unless another is given; from a directory, each regular file whose name is a
 valid key becomes an entry.
""",
    example="""
        # Create a secret from the files in bar
        kubectl create secret generic my-secret --from-file=path/to/bar

        # Create a secret from literals
        kubectl create secret generic my-secret --from-literal=key1=supersecret --from-literal=key2=topsecret

        # Create a secret from a file and a literal
        kubectl create secret generic my-secret --from-file=ssh-key=path/to/id_rsa --from-literal=passphrase=topsecret
        """,
)
TLS = Command(
    "create secret tls NAME --cert=path/to/cert/file --key=path/to/key/file [--dry-run=server|client|none]",
    TLSOptions,
    (
        *CREATE,
        _APPEND_HASH,
        Flag("cert", "", STRING, "", "Path to a public key certificate in PEM."),
        Flag("key", "", STRING, "", "Path to the private key of the certificate."),
    ),
    long="""
Create a TLS secret from a public and private key pair.

 The certificate must be in PEM and belong to the private key.
""",
    example="""
        # Create a TLS secret named tls-secret
        kubectl create secret tls tls-secret --cert=path/to/tls.crt --key=path/to/tls.key
        """,
)
DOCKER_REGISTRY = Command(
    "create secret docker-registry NAME --docker-username=user --docker-password=password --docker-email=email "
    "[--docker-server=string] [--from-file=[key=]source] [--dry-run=server|client|none]",
    DockerRegistryOptions,
    (
        *CREATE,
        _APPEND_HASH,
        Flag("docker-email", "", STRING, "", "Email for the registry"),
        Flag("docker-password", "", STRING, "", "Password for the registry"),
        Flag("docker-server", "", STRING, "https://index.docker.io/v1/", "Server location of the registry"),
        Flag("docker-username", "", STRING, "", "Username for the registry"),
        Flag("from-file", "", STRING_SLICE, [], "[key=]path of a file to read, .dockerconfigjson=path as a rule."),
    ),
    long="""
Create a secret for an image registry.

 Nodes use it to pull images for you: name it in the pod's or the service account's imagePullSecrets.
""",
    example="""
        # Create a secret for a registry
        kubectl create secret docker-registry my-secret --docker-server=registry.example.com --docker-username=ci \\
        --docker-password=secret --docker-email=ci@example.com

        # Create it from ~/.docker/config.json
        kubectl create secret docker-registry my-secret --from-file=path/to/.docker/config.json
        """,
)
