"""Programs whose work is in the API: emulated so that what waits for their results can go on.

Each acts as the pod's service account, so RBAC decides as it would for the real one. A program is
known by the end of its image's repository, or by the words its command line starts with.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import TYPE_CHECKING

from minikctl.apimachinery.errors import StatusError
from minikctl.apimachinery.images import parse
from minikctl.apimachinery.request import Obj, UserInfo

if TYPE_CHECKING:
    from minikctl.apimachinery.rand import Rand
    from minikctl.client.client import Client

Action = Callable[["Client", "Rand", str, list[str]], str]


def run(client: Client, rand: Rand, pod: Obj, image: str, argv: list[str]) -> tuple[int, str] | None:
    """Exit status and output of a known program; None where the program is not known."""
    action = _find(image, argv)
    if action is None:
        return None
    namespace = pod["metadata"]["namespace"]
    account = pod["spec"].get("serviceAccountName", "default")
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated")
    user = UserInfo(f"system:serviceaccount:{namespace}:{account}", groups)
    try:
        return 0, action(type(client)(client.server, user, argv[0].rpartition("/")[2]), rand, namespace, argv)
    except StatusError as error:
        return 1, error.message + "\n"


def _find(image: str, argv: list[str]) -> Action | None:
    reference = parse(image)
    repository = reference[0] if reference else ""
    for suffix, words, action in _PROGRAMS:
        if suffix and not repository.endswith(suffix):
            continue
        if [word.rpartition("/")[2] for word in argv[: len(words)]] == list(words):
            return action
    return None


def _options(argv: list[str]) -> dict[str, str]:
    return dict(word[2:].split("=", 1) for word in argv if word.startswith("--") and "=" in word)


def _create_certificate(client: Client, rand: Rand, namespace: str, argv: list[str]) -> str:
    """kube-webhook-certgen create: a Secret with a CA, a certificate and its key."""
    options = _options(argv)
    name, namespace = options["secret-name"], options.get("namespace", namespace)
    if client.find("secrets", name, namespace) is not None:
        return "secret already exists\n"
    data = {
        "ca": _pem(rand, "CERTIFICATE"),
        options.get("cert-name", "cert"): _pem(rand, "CERTIFICATE"),
        options.get("key-name", "key"): _pem(rand, "EC PRIVATE KEY"),
    }
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": namespace}, "data": data}
    client.create("secrets", secret, namespace)
    return f"created secret {namespace}/{name}\n"


def _patch_webhook(client: Client, rand: Rand, namespace: str, argv: list[str]) -> str:
    """kube-webhook-certgen patch: the CA goes into the webhook configurations."""
    options = _options(argv)
    secret = client.get("secrets", options["secret-name"], options.get("namespace", namespace))
    bundle, policy = secret["data"]["ca"], options.get("patch-failure-policy")
    for kind in ("validating", "mutating"):
        if options.get(f"patch-{kind}", "true") == "false":
            continue
        resource = f"{kind}webhookconfigurations.admissionregistration.k8s.io"
        configuration = client.get(resource, options["webhook-name"])
        for hook in configuration.get("webhooks") or ():
            hook["clientConfig"]["caBundle"] = bundle
            if policy:
                hook["failurePolicy"] = policy
        client.update(resource, configuration)
    return "patched webhook configurations\n"


def _redis_password(client: Client, rand: Rand, namespace: str, argv: list[str]) -> str:
    """argocd admin redis-initial-password: a Secret with a random password."""
    name = "argocd-redis"
    if client.find("secrets", name, namespace) is None:
        auth = b64encode(rand.hex(16).encode()).decode()
        meta = {"name": name, "namespace": namespace}
        client.create(
            "secrets", {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": {"auth": auth}}, namespace
        )
    return "Checking for initial Redis password in secret argocd-redis at key auth. \n"


def _pem(rand: Rand, what: str) -> str:
    """A stand-in for a PEM block: nobody in the emulated cluster reads it."""
    body = b64encode(bytes.fromhex(rand.hex(256))).decode()
    lines = "\n".join(body[at : at + 64] for at in range(0, len(body), 64))
    return b64encode(f"-----BEGIN {what}-----\n{lines}\n-----END {what}-----\n".encode()).decode()


_PROGRAMS: tuple[tuple[str, tuple[str, ...], Action], ...] = (
    ("/kube-webhook-certgen", ("create",), _create_certificate),
    ("/kube-webhook-certgen", ("patch",), _patch_webhook),
    ("", ("argocd", "admin", "redis-initial-password"), _redis_password),
)
