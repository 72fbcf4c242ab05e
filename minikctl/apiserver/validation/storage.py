"""Validation of storage.k8s.io."""

from __future__ import annotations

from typing import Any

from minikctl.apimachinery import field
from minikctl.apimachinery.field import FieldError, Struct
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.validation import Checks, WarningsCheck
from minikctl.apiserver.validation.core.volumes import validate_inline_volume
from minikctl.apiserver.validation.core.volumesources import validate_driver_name
from minikctl.apiserver.validation.core.volumewarnings import node_label_remark, term_warnings
from minikctl.apiserver.validation.metadata import IMMUTABLE, validate_immutable
from minikctl.apiserver.validation.names import inclusive_range, is_qualified_name, subdomain_name
from minikctl.apiserver.validation.quantities import validate_nonnegative, validate_nonnegative_int
from minikctl.apiserver.validation.selectors import selector_struct, validate_label_name, validate_label_selector

_PARAMETERS_SIZE = 256 * 1024
_PARAMETERS_COUNT = 512
_NODE_ID_LIMIT = 256
_ATTACHMENT_METADATA_SIZE = 256 * 1024
_ATTACHMENT_TEXT_LIMIT = 1024
_TOKEN_IN_SECRETS = (
    "spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible"
    " logging of tokens in volume attributes"
)
_GROUP_POLICIES = ["File", "None", "ReadWriteOnceWithFSType"]
_LIFECYCLE_MODES = ["Persistent", "Ephemeral"]
_ONE_SOURCE = "must specify exactly one of inlineVolumeSpec and persistentVolumeName"


def _qualified(name: str, path: str) -> list[FieldError]:
    if not name:
        return [field.required(path)]
    return [field.invalid(path, name, text) for text in is_qualified_name(name.lower())]


def _parameters(parameters: dict[str, str], path: str) -> list[FieldError]:
    if len(parameters) > _PARAMETERS_COUNT:
        return [field.too_long(path, _PARAMETERS_COUNT)]
    errors = [field.invalid(path, key, "field can not be empty.") for key in parameters if not key]
    if sum(len(key.encode()) + len((value or "").encode()) for key, value in parameters.items()) > _PARAMETERS_SIZE:
        errors.append(field.too_long(path, _PARAMETERS_SIZE))
    return errors


def _storage_class(obj: Obj) -> list[FieldError]:
    errors = _qualified(obj.get("provisioner") or "", "provisioner")
    errors += _parameters(obj.get("parameters") or {}, "parameters")
    policy, mode = obj.get("reclaimPolicy"), obj.get("volumeBindingMode")
    if policy and policy not in ("Delete", "Retain"):
        errors.append(field.not_supported("reclaimPolicy", policy, ["Delete", "Retain"]))
    if mode is None:
        errors.append(field.required("volumeBindingMode"))
    elif mode not in ("Immediate", "WaitForFirstConsumer"):
        errors.append(field.not_supported("volumeBindingMode", mode, ["Immediate", "WaitForFirstConsumer"]))
    return errors + _topologies(obj.get("allowedTopologies") or [])


def _topologies(terms: list[dict[str, Any]]) -> list[FieldError]:
    errors: list[FieldError] = []
    # A term without requirements equals the empty places of upstream's list, and so is always a duplicate.
    seen: list[dict[str, set[str]]] = [{}]
    for index, term in enumerate(terms):
        path = f"allowedTopologies[{index}]"
        values, problems = _topology_term(term or {}, path)
        errors += problems
        if values in seen:
            errors.append(field.duplicate(f"{path}.matchLabelExpressions", ""))
        seen.append(values)
    return errors


def _topology_term(term: dict[str, Any], path: str) -> tuple[dict[str, set[str]], list[FieldError]]:
    errors: list[FieldError] = []
    found: dict[str, set[str]] = {}
    for index, item in enumerate(term.get("matchLabelExpressions") or ()):
        at = f"{path}.matchLabelExpressions[{index}]"
        key, values = item.get("key") or "", item.get("values") or []
        if not values:
            errors.append(field.required(f"{at}.values"))
        errors += [field.duplicate(f"{at}.values[{i}]", v) for i, v in enumerate(values) if v in values[:i]]
        errors += validate_label_name(key, f"{at}.key")
        if key in found:
            errors.append(field.duplicate(f"{at}.key", key))
        found[key] = set(values)
    return found, errors


def _storage_class_update(new: Obj, old: Obj) -> list[FieldError]:
    errors: list[FieldError] = []
    for key in ("provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"):
        errors += validate_immutable(new.get(key), old.get(key), key)
    return errors


def _storage_class_warnings(new: Obj, old: Obj | None) -> list[str]:
    warnings = []
    for index, term in enumerate(new.get("allowedTopologies") or ()):
        for number, item in enumerate((term or {}).get("matchLabelExpressions") or ()):
            remark = node_label_remark(item.get("key") or "")
            if remark:
                warnings.append(f"allowedTopologies[{index}].matchLabelExpressions[{number}].key: {remark}")
    return warnings


def _attachment(obj: Obj) -> list[FieldError]:
    """The rules of every write."""
    spec = obj.get("spec") or {}
    errors = [] if spec.get("attacher") else [field.required("spec.attacher")]
    source = spec.get("source") or {}
    name, inline = source.get("persistentVolumeName"), source.get("inlineVolumeSpec")
    path = "spec.source"
    if name is None and inline is None:
        errors.append(field.required(path, _ONE_SOURCE))
    elif name is not None and inline is not None:
        errors.append(field.forbidden(path, _ONE_SOURCE))
    elif name == "":
        text = "must specify non empty persistentVolumeName"
        errors.append(field.required(f"{path}.persistentVolumeName", text))
    elif inline is not None:
        errors += validate_inline_volume(inline, f"{path}.inlineVolumeSpec")
    node = spec.get("nodeName") or ""
    errors += [field.invalid("spec.nodeName", node, text) for text in subdomain_name(node, False)]
    return errors + _attachment_status(obj)


def _attachment_create(obj: Obj) -> list[FieldError]:
    """New ones are looked at more closely."""
    spec = obj.get("spec") or {}
    errors = _attachment(obj) + validate_driver_name(spec.get("attacher") or "", "spec.attacher")
    name, path = (spec.get("source") or {}).get("persistentVolumeName"), "spec.source.persistentVolumeName"
    if name is not None:
        errors += [field.invalid(path, name, text) for text in subdomain_name(name, False)]
    return errors


def _attachment_status(obj: Obj) -> list[FieldError]:
    status = obj.get("status") or {}
    errors: list[FieldError] = []
    metadata = status.get("attachmentMetadata") or {}
    if sum(len(key.encode()) + len(value.encode()) for key, value in metadata.items()) > _ATTACHMENT_METADATA_SIZE:
        errors.append(field.too_long("status.attachmentMetadata", _ATTACHMENT_METADATA_SIZE))
    for key in ("attachError", "detachError"):
        error = status.get(key) or {}
        if len((error.get("message") or "").encode()) > _ATTACHMENT_TEXT_LIMIT:
            # The limit that is told is upstream's for something else.
            errors.append(field.too_long(f"status.{key}.message", _ATTACHMENT_METADATA_SIZE))
        code = error.get("errorCode")
        if code is not None and code < 0:
            errors.append(field.invalid(f"status.{key}.errorCode", code, inclusive_range(0, 2**31 - 1)))
    return errors


def _attachment_update(new: Obj, old: Obj) -> list[FieldError]:
    errors = _attachment(new)
    spec = new.get("spec") or {}
    if spec != (old.get("spec") or {}):
        source = spec.get("source") or {}
        shown = Struct(
            Attacher=spec.get("attacher") or "",
            Source=Struct(
                PersistentVolumeName=source.get("persistentVolumeName"), InlineVolumeSpec=source.get("inlineVolumeSpec")
            ),
            NodeName=spec.get("nodeName") or "",
        )
        errors.append(field.invalid("spec", shown, IMMUTABLE))
    return errors


def _csi_driver(obj: Obj) -> list[FieldError]:
    spec = obj.get("spec") or {}
    # The odd name of the first field is upstream's.
    needed = (
        ("attachRequired", "attachedRequired"),
        ("podInfoOnMount", "podInfoOnMount"),
        ("storageCapacity", "storageCapacity"),
    )
    errors = [field.required(f"spec.{shown}") for key, shown in needed if spec.get(key) is None]
    policy = spec.get("fsGroupPolicy")
    if policy is not None and policy not in _GROUP_POLICIES:
        errors.append(field.not_supported("spec.fsGroupPolicy", policy, _GROUP_POLICIES))
    errors += _token_requests(spec.get("tokenRequests") or [])
    for mode in spec.get("volumeLifecycleModes") or ():
        if mode not in _LIFECYCLE_MODES:
            errors.append(field.not_supported("spec.volumeLifecycleModes", mode, _LIFECYCLE_MODES))
    if spec.get("seLinuxMount") is None:
        errors.append(field.required("spec.seLinuxMount"))
    period = spec.get("nodeAllocatableUpdatePeriodSeconds")
    if period is not None and period < 10:
        text = "must be greater than or equal to 10 seconds"
        errors.append(field.invalid("spec.nodeAllocatableUpdatePeriodSeconds", period, text))
    in_secrets = spec.get("serviceAccountTokenInSecrets")
    if in_secrets is not None and not spec.get("tokenRequests"):
        text = "serviceAccountTokenInSecrets is set but no tokenRequests are specified"
        errors.append(field.invalid("spec.serviceAccountTokenInSecrets", in_secrets, text))
    return errors


def _token_requests(requests: list[dict[str, Any]]) -> list[FieldError]:
    errors: list[FieldError] = []
    seen: set[str] = set()
    for index, item in enumerate(requests):
        path, audience = f"spec.tokenRequests[{index}]", item.get("audience") or ""
        if audience in seen:
            errors.append(field.duplicate(f"{path}.audience", audience))
            continue
        seen.add(audience)
        seconds = item.get("expirationSeconds")
        if seconds is not None and seconds < 600:
            text = "may not specify a duration less than 10 minutes"
            errors.append(field.invalid(f"{path}.expirationSeconds", seconds, text))
        elif seconds is not None and seconds > 1 << 32:
            text = "may not specify a duration larger than 2^32 seconds"
            errors.append(field.invalid(f"{path}.expirationSeconds", seconds, text))
    return errors


def _csi_driver_update(new: Obj, old: Obj) -> list[FieldError]:
    spec, old_spec = new.get("spec") or {}, old.get("spec") or {}
    errors = _csi_driver(new)
    for key, shown in (("attachRequired", "attachedRequired"), ("volumeLifecycleModes", "volumeLifecycleModes")):
        errors += validate_immutable(spec.get(key), old_spec.get(key), f"spec.{shown}")
    return errors


def _csi_node(obj: Obj) -> list[FieldError]:
    errors: list[FieldError] = []
    seen: set[str] = set()
    for index, driver in enumerate((obj.get("spec") or {}).get("drivers") or ()):
        path = f"spec.drivers[{index}]"
        name, node_id = driver.get("name") or "", driver.get("nodeID") or ""
        errors += validate_driver_name(name, f"{path}.name")
        if not node_id:
            errors.append(field.required(f"{path}.nodeID"))
        elif len(node_id.encode()) > _NODE_ID_LIMIT:
            text = f"must be {_NODE_ID_LIMIT} characters or less"
            errors.append(field.invalid(f"{path}.nodeID", node_id, text))
        errors += validate_nonnegative_int((driver.get("allocatable") or {}).get("count"), f"{path}.allocatable.count")
        if name in seen:
            errors.append(field.duplicate(f"{path}.name", name))
        seen.add(name)
        errors += _topology_keys(driver.get("topologyKeys") or [], path)
    return errors


def _topology_keys(keys: list[str], path: str) -> list[FieldError]:
    """Upstream reports them at the driver."""
    errors: list[FieldError] = []
    for number, key in enumerate(keys):
        if not key:
            errors.append(field.required(path))
        if key in keys[:number]:
            errors.append(field.duplicate(path, key))
        errors += [field.invalid(path, key, text) for text in is_qualified_name(key)]
    return errors


def _csi_node_update(new: Obj, old: Obj) -> list[FieldError]:
    errors = _csi_node(new)
    for before in (old.get("spec") or {}).get("drivers") or ():
        for now in (new.get("spec") or {}).get("drivers") or ():
            # A driver may go; one that stays keeps what it registered with (its volume count may move).
            if now.get("name") == before.get("name") and _registered(now) != _registered(before):
                errors.append(field.invalid("spec.drivers", _registered(now), IMMUTABLE))
    return errors


def _registered(driver: dict[str, Any]) -> Struct:
    return Struct(
        Name=driver.get("name") or "",
        NodeID=driver.get("nodeID") or "",
        TopologyKeys=driver.get("topologyKeys") or None,
        Allocatable=None,
    )


def _capacity(obj: Obj) -> list[FieldError]:
    errors = validate_label_selector(obj.get("nodeTopology"), "nodeTopology")
    name = obj.get("storageClassName") or ""
    errors += [field.invalid("storageClassName", name, text) for text in subdomain_name(name, False)]
    return errors + validate_nonnegative(obj["capacity"], "capacity") if obj.get("capacity") is not None else errors


def _capacity_update(new: Obj, old: Obj) -> list[FieldError]:
    errors: list[FieldError] = []
    if new.get("nodeTopology") != old.get("nodeTopology"):
        errors.append(field.invalid("nodeTopology", selector_struct(new.get("nodeTopology")), IMMUTABLE))
    name, old_name = new.get("storageClassName") or "", old.get("storageClassName") or ""
    return errors + validate_immutable(name, old_name, "storageClassName")


def _attributes_class(obj: Obj) -> list[FieldError]:
    errors = _qualified(obj.get("driverName") or "", "driverName")
    parameters = obj.get("parameters") or {}
    if not parameters:
        return [*errors, field.required("parameters", "must contain at least one key/value pair")]
    return errors + _parameters(parameters, "parameters")


def _attributes_class_update(new: Obj, old: Obj) -> list[FieldError]:
    changed = [
        field.forbidden(key, f"updates to {key} are forbidden.")
        for key in ("driverName", "parameters")
        if (new.get(key) or {}) != (old.get(key) or {})
    ]
    return changed + _attributes_class(new)


def _csi_driver_warnings(new: Obj, old: Obj | None) -> list[str]:
    """Tokens in volume attributes may be logged; said when their requests are new or changed."""
    spec = new.get("spec") or {}
    requests = spec.get("tokenRequests") or []
    before = ((old or {}).get("spec") or {}).get("tokenRequests") or []
    if not requests or requests == before or spec.get("serviceAccountTokenInSecrets") is not None:
        return []
    return [_TOKEN_IN_SECRETS]


def _capacity_warnings(new: Obj, old: Obj | None) -> list[str]:
    """Deprecated node labels in the selector of the nodes that have the capacity."""
    topology = new.get("nodeTopology") or {}
    warnings = term_warnings(topology, "nodeTopology")
    for label in topology.get("matchLabels") or ():
        if remark := node_label_remark(label):
            warnings.append(f"nodeTopology.matchLabels.{label}: {remark}")
    return warnings


VALIDATE: dict[str, Checks] = {
    "storageclasses.storage.k8s.io": (_storage_class, _storage_class_update, None),
    "volumeattachments.storage.k8s.io": (_attachment_create, _attachment_update, _attachment_update),
    "csidrivers.storage.k8s.io": (_csi_driver, _csi_driver_update, None),
    "csinodes.storage.k8s.io": (_csi_node, _csi_node_update, None),
    "csistoragecapacities.storage.k8s.io": (_capacity, _capacity_update, None),
    "volumeattributesclasses.storage.k8s.io": (_attributes_class, _attributes_class_update, None),
}
WARNINGS: dict[str, WarningsCheck] = {
    "storageclasses.storage.k8s.io": _storage_class_warnings,
    "csidrivers.storage.k8s.io": _csi_driver_warnings,
    "csistoragecapacities.storage.k8s.io": _capacity_warnings,
}
