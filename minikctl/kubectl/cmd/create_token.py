"""kubectl create token: a token of a service account.

Upstream counterpart: `create_token.go` of kubectl's `pkg/cmd/create`.
"""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.request import Obj
from minikctl.kubectl.command import Command, Options
from minikctl.kubectl.errors import KubectlError
from minikctl.kubectl.flags import DURATION, STRING, STRING_ARRAY, Flag
from minikctl.kubectl.flagsets import PRINT

_KINDS = ("Node", "Pod", "Secret")


class TokenOptions(Options):
    """A TokenRequest for a service account."""

    def complete(self, args: list[str]) -> None:
        if len(args) != 1:
            raise self.usage_error(f"exactly one NAME is required, got {len(args)}")
        self.name = args[0]

    def validate(self) -> None:
        flags = self.flags
        duration, kind = flags["duration"], flags["bound-object-kind"]
        if duration < 0:
            raise KubectlError("--duration must be greater than or equal to 0")
        if duration % 1:
            raise KubectlError("--duration cannot be expressed in units less than seconds")
        if "" in flags["audience"]:
            raise KubectlError("--audience must not be an empty string")
        if not kind:
            for part in ("name", "uid"):
                if flags[f"bound-object-{part}"]:
                    raise KubectlError(f"--bound-object-{part} can only be set if --bound-object-kind is provided")
            return
        if kind not in _KINDS:
            raise KubectlError(f"supported --bound-object-kind values are {', '.join(_KINDS)}")
        if not flags["bound-object-name"]:
            raise KubectlError("--bound-object-name is required if --bound-object-kind is provided")

    def run(self) -> None:
        flags = self.flags
        spec: dict[str, Any] = {}
        if flags["audience"]:
            spec["audiences"] = flags["audience"]
        if flags["duration"]:
            spec["expirationSeconds"] = int(flags["duration"])
        if flags["bound-object-kind"]:
            bound = {"kind": flags["bound-object-kind"], "apiVersion": "v1", "name": flags["bound-object-name"]}
            if flags["bound-object-uid"]:
                bound["uid"] = flags["bound-object-uid"]
            spec["boundObjectRef"] = bound
        request: Obj = {"kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1", "metadata": {}, "spec": spec}
        namespace = self.factory.namespace
        try:
            answer = self.factory.client.create("serviceaccounts", request, namespace, "token", self.name)
        except StatusError as error:
            raise KubectlError(f"failed to create token: {error.message}") from None
        token = (answer.get("status") or {}).get("token")
        if not token:
            raise KubectlError("failed to create token: no token in server response")
        if flags["output"]:  # --template alone changes nothing
            from minikctl.kubectl.typedprinting import typed_printer

            answer.get("spec", {}).setdefault("boundObjectRef", None)
            typed_printer(flags, self.factory.streams.out, "created")(answer)
        else:
            out = self.factory.streams.out
            out.write(f"{token}\n" if out.isatty() else token)


TOKEN = Command(
    "create token SERVICE_ACCOUNT_NAME",
    TokenOptions,
    (
        *PRINT,
        Flag("audience", "", STRING_ARRAY, [], "Audience of the token; the API server by default. May be repeated."),
        Flag("bound-object-kind", "", STRING, "", "Kind of an object to bind the token to: Pod, Secret or Node."),
        Flag("bound-object-name", "", STRING, "", "Name of the object to bind the token to."),
        Flag("bound-object-uid", "", STRING, "", "UID of the object to bind the token to; its current one by default."),
        Flag("duration", "", DURATION, 0.0, "Requested lifetime of the token; the server chooses by default."),
    ),
    long="Request a token of a service account.",
    example="""
        # Request a token for the service account "myapp" in the current namespace
        kubectl create token myapp

        # Request a token in another namespace
        kubectl create token myapp --namespace myns

        # Request a token that lives for ten minutes
        kubectl create token myapp --duration 10m

        # Request a token bound to a secret
        kubectl create token myapp --bound-object-kind Secret --bound-object-name mysecret
        """,
)
