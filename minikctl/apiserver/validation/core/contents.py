"""A look into the bytes of Secrets: docker configs and TLS key pairs.

The texts are those of Go's encoding/json and crypto/tls, which the server passes on.
"""

from __future__ import annotations

import json
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


def key_pair_problem(certificate: str, key: str) -> str:
    """Why the two do not make a TLS server's pair; empty if they do."""
    from minikctl.apimachinery import keypair

    return keypair.problem(*[decode(text).encode("latin-1") for text in (certificate, key)])
