"""A look into the bytes of Secrets: docker configs and TLS key pairs.

The texts are those of Go's encoding/json and crypto/tls, which the server passes on.
"""

from __future__ import annotations

import json
import re
from binascii import Error as Base64Error
from binascii import a2b_base64

from minikctl.apimachinery.jsonsyntax import json_problem, json_type


def decoded_size(text: str) -> int:
    """How many bytes a base64 text stands for."""
    return len(text) * 3 // 4 - text.endswith("=") - text.endswith("==")


def decode(text: str) -> str:
    """The decoded bytes, one character per byte; empty for what is not base64."""
    try:
        return a2b_base64(text).decode("latin-1")
    except Base64Error:
        return ""


def docker_config_problem(encoded: str) -> str:
    """Why the decoded text is not a JSON object, in Go's words; empty if it is one."""
    text = decode(encoded)
    try:
        value = json.loads(text)
    except ValueError:
        return json_problem(text) or "invalid JSON"
    if value is None or isinstance(value, dict):
        return ""
    return f"json: cannot unmarshal {json_type(value)} into Go value of type map[string]interface {{}}"


def _pem_types(encoded: str) -> list[str]:
    text = decode(encoded)
    return re.findall(r"-----BEGIN ([^\n-]+)-----\n.*?\n-----END \1-----", text, re.DOTALL)


def key_pair_problem(certificate: str, key: str) -> str:
    """Why no certificate or no key can be found in a TLS Secret (whether they match is not checked)."""
    types = _pem_types(certificate)
    if not types:
        return "tls: failed to find any PEM data in certificate input"
    if "CERTIFICATE" not in types:
        if len(types) == 1 and types[0].endswith("PRIVATE KEY"):
            return (
                "tls: failed to find certificate PEM data in certificate input, but did find a private key;"
                " PEM inputs may have been switched"
            )
        skipped = " ".join(types)
        return (
            'tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks'
            f" of the following types: [{skipped}]"
        )
    types = _pem_types(key)
    if not types:
        return "tls: failed to find any PEM data in key input"
    if any(kind == "PRIVATE KEY" or kind.endswith(" PRIVATE KEY") for kind in types):
        return ""
    if types == ["CERTIFICATE"]:
        return "tls: found a certificate rather than a key in the PEM for the private key"
    skipped = " ".join(types)
    return (
        'tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks'
        f" of the following types: [{skipped}]"
    )
