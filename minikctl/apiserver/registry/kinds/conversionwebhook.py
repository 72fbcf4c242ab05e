"""Conversion of custom resources by their definition's webhook, called over https as admission webhooks are.

Counterpart of apiextensions-apiserver's `pkg/apiserver/conversion/webhook_converter.go`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from minikctl.apimachinery import errors
from minikctl.apimachinery.request import Obj

if TYPE_CHECKING:
    from minikctl.apiserver.server import Server

_TIMEOUT_SECONDS = 30
_SUPPORTED = ("v1", "v1beta1")
_SAME = ("name", "namespace", "UID")


def convert(server: Server, obj: Obj, api_version: str, conversion: Obj) -> Obj:
    """The object in `api_version` as the webhook answers; StatusError where it fails or answers nonsense.

    Metadata stay the object's own but for labels and annotations.
    """
    from minikctl.apiserver.admission.webhooks import transport

    webhook = conversion.get("webhook") or {}
    known = [version for version in webhook.get("conversionReviewVersions") or () if version in _SUPPORTED]
    if not known:
        raise _error("no supported conversion review versions")
    uid = server.rand.uid()
    review_version = f"apiextensions.k8s.io/{known[0]}"
    review = {
        "kind": "ConversionReview",
        "apiVersion": review_version,
        "request": {"uid": uid, "desiredAPIVersion": api_version, "objects": [obj]},
    }
    call = {"clientConfig": webhook.get("clientConfig") or {}, "timeoutSeconds": _TIMEOUT_SECONDS}
    where = f"conversion webhook for {_gvk(obj)}"
    try:
        converted = _converted(transport.post(call, review, server.reader), uid, review_version)
    except (transport.CallError, _Refused) as error:
        raise _error(f"{where} failed: {error}") from None
    if len(converted) != 1:
        raise _error(f"{where} returned {len(converted)} objects, expected 1")
    return _checked(obj, converted[0], api_version, where)


class _Refused(Exception):
    """An answer that is no success; the message says why."""


def _error(message: str) -> errors.StatusError:
    return errors.StatusError("", message, code=500)


def _gvk(obj: Obj) -> str:
    return f"{obj.get('apiVersion', '')}, Kind={obj.get('kind', '')}"


def _converted(answer: Obj, uid: str, review_version: str) -> list[Any]:
    """The converted objects of a ConversionReview; _Refused where there are none."""
    if review_version.endswith("/v1"):
        wanted, got = f"{review_version}, Kind=ConversionReview", _gvk(answer)
        if wanted != got:
            raise _Refused(f"expected webhook response of {wanted}, got {got}")
    response = answer.get("response")
    if not isinstance(response, dict):
        raise _Refused("no response provided")
    if review_version.endswith("/v1") and response.get("uid") != uid:
        raise _Refused(f'expected response.uid="{uid}", got {json.dumps(str(response.get("uid") or ""))}')
    result: Obj = response["result"] if isinstance(response.get("result"), dict) else {}
    if result.get("status") != "Success":
        status = result.get("status") or ""
        raise _Refused(str(result.get("message") or f"response.result.status was '{status}', not 'Success'"))
    converted = response.get("convertedObjects")
    return converted if isinstance(converted, list) else []


def _checked(obj: Obj, converted: Any, api_version: str, where: str) -> Obj:
    """The answer, if it is the same object in the right version, under the metadata it had."""
    if not isinstance(converted, dict):
        raise _error(f"{where} failed, unexpected type at index 0")
    got = str(converted.get("apiVersion", ""))
    if got != api_version:
        why = f"invalid groupVersion (expected {api_version}, received {got})"
        raise _error(f"{where} returned invalid object at index 0: {why}")
    if converted.get("kind") != obj["kind"]:
        why = f"invalid kind (expected {obj['kind']}, received {converted.get('kind', '')})"
        raise _error(f"{where} returned invalid object at index 0: {why}")
    meta, answered = obj["metadata"], converted.get("metadata")
    if answered is None:
        raise _error(f"{where} returned invalid object: must have the same name: {meta.get('name', '')} != ")
    if not isinstance(answered, dict):
        raise _error(f"{where} returned invalid metadata: invalid metadata in converted object")
    for name in _SAME:
        mine, theirs = meta.get(name.lower(), ""), answered.get(name.lower(), "")
        if mine != theirs:
            raise _error(f"{where} returned invalid object: must have the same {name}: {mine} != {theirs}")
    return {**converted, "metadata": _restored(meta, answered, where)}


def _restored(meta: Obj, answered: Obj, where: str) -> Obj:
    from minikctl.apiserver.validation import metadata as rules

    restored = dict(meta)
    for name, check in (("labels", rules.validate_labels), ("annotations", rules.validate_annotations)):
        entries = answered.get(name)
        restored.pop(name, None)
        if entries is None:
            continue
        if not isinstance(entries, dict):
            raise _error(f"{where} returned invalid metadata: invalid metadata.{name} in converted object")
        if not all(isinstance(value, str) for value in entries.values()):
            key = next(key for key, value in entries.items() if not isinstance(value, str))
            raise _error(f"{where} returned invalid metadata: metadata.{name}[{key}] must be a string")
        found = check(entries, f"metadata.{name}") if entries != meta.get(name) else []
        if found:
            raise _error(f"{where} returned invalid metadata: {', '.join(str(problem) for problem in found)}")
        restored[name] = entries
    return restored
