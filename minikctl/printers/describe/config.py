"""ConfigMaps, Secrets and ServiceAccounts.

Upstream counterpart: the describers of these names.
"""

from __future__ import annotations

from binascii import Error, a2b_base64
from typing import Any

from minikctl.printers.describe.events import finish
from minikctl.printers.describe.lookup import Lookup
from minikctl.printers.describe.writer import NONE, head

Obj = dict[str, Any]


def config_map(config_map: Obj, lookup: Lookup, now: float) -> str:
    """A ConfigMap with its texts; of binary data only the size."""
    out = head(config_map)
    out.line("\nData\n====")
    data = config_map.get("data") or {}
    for key in sorted(data):
        out.line(f"{key}:\n----")
        out.line(data[key])
        out.line("")
    out.line("\nBinaryData\n====")
    binary = config_map.get("binaryData") or {}
    for key in sorted(binary):
        out.line(f"{key}: {len(_decoded(binary[key]))} bytes")
    out.line("")
    return finish(out, config_map, lookup, now)


def secret(secret: Obj, lookup: Lookup, now: float) -> str:
    """A Secret: the sizes of its values, and the token of a service account."""
    out = head(secret)
    kind = secret.get("type", "")
    out.line(f"\nType:\t{kind}")
    out.line("\nData\n====")
    data = secret.get("data") or {}
    for key in sorted(data):
        value = _decoded(data[key])
        if key == "token" and kind == "kubernetes.io/service-account-token":
            out.field(key, value.decode(errors="replace"))
        else:
            out.field(key, f"{len(value)} bytes")
    return out.text()


def service_account(account: Obj, lookup: Lookup, now: float) -> str:
    """A ServiceAccount: the secrets its pods pull images with."""
    out = head(account)
    title = "Image pull secrets:"
    for reference in account.get("imagePullSecrets") or ({"name": NONE},):
        out.row(title, reference.get("name", ""))
        title = " " * len(title)
    return finish(out, account, lookup, now)


def _decoded(text: str | None) -> bytes:
    try:
        return a2b_base64(text or "")
    except Error:
        return b""
