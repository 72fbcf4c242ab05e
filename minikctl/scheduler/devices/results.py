"""The AllocationResult of a claim, from the devices that were found for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from minikctl.scheduler.devices.allocator import Alternative, Taken
from minikctl.scheduler.framework import PluginError

Obj = dict[str, Any]


def allocation_of(claim: Obj, taken: Sequence[Taken], node: str, new_id: Callable[[], str]) -> Obj:
    """What goes into the claim's status; `new_id` makes the ids of shares of devices."""
    devices: Obj = {"results": [_result(item, new_id) for item in taken]}
    config = _config(claim, taken)
    if config:
        devices["config"] = config
    found: Obj = {"devices": devices}
    selector = _node_selector(claim, taken, node)
    if selector is not None:
        found["nodeSelector"] = selector
    return found


def _result(taken: Taken, new_id: Callable[[], str]) -> Obj:
    alternative, device = taken.alternative, taken.device
    driver, pool, name = device.id
    found: Obj = {"request": alternative.name, "driver": driver, "pool": pool, "device": name}
    if alternative.admin:
        found["adminAccess"] = True
    for field in ("bindingConditions", "bindingFailureConditions"):
        if device.raw.get(field):
            found[field] = device.raw[field]
    if alternative.spec.get("tolerations"):
        found["tolerations"] = alternative.spec["tolerations"]
    if device.shared:
        found["shareID"] = new_id()
        if taken.consumed:
            found["consumedCapacity"] = {key: str(amount) for key, amount in taken.consumed.items()}
    return found


def _config(claim: Obj, taken: Sequence[Taken]) -> list[Obj]:
    """Configurations of the classes, then those of the claim that concern a request that was satisfied."""
    chosen: dict[str, Alternative] = {item.alternative.request: item.alternative for item in taken}
    requests = claim["spec"]["devices"].get("requests") or []
    found: list[Obj] = []
    by_class: dict[str, list[Obj]] = {}
    for alternative in chosen.values():
        name = alternative.device_class["metadata"]["name"]
        if name not in by_class:
            by_class[name] = [
                {"source": "FromClass", "requests": [], **config}
                for config in alternative.device_class["spec"].get("config") or ()
            ]
            found += by_class[name]
        for config in by_class[name]:
            config["requests"].append(alternative.name)
    names = {name for alternative in chosen.values() for name in (alternative.request, alternative.name)}
    for config in claim["spec"]["devices"].get("config") or ():
        wanted = config.get("requests") or []
        if not wanted or names.intersection(wanted):
            found.append({"source": "FromClaim", **config, "requests": list(wanted)})
    for config in found:
        if not config["requests"] or len(config["requests"]) == len(requests):
            del config["requests"]
    return found


def _node_selector(claim: Obj, taken: Sequence[Taken], node: str) -> Obj | None:
    """Where the devices can be used: one node, nodes with certain labels, or (None) everywhere."""
    term: dict[str, list[Obj]] = {"matchFields": [], "matchExpressions": []}
    for item in taken:
        device = item.device
        if device.node or device.raw.get("bindsToNode"):
            name = device.node or node
            fields = [{"key": "metadata.name", "operator": "In", "values": [name]}]
            return {"nodeSelectorTerms": [{"matchFields": fields}]}
        terms = (device.selector or {}).get("nodeSelectorTerms") or []
        if len(terms) > 1:
            text = f"unsupported ResourceSlice.NodeSelector with {len(terms)} terms"
            raise PluginError(f"create NodeSelector for claim {claim['metadata']['name']}: {text}")
        for kind, known in term.items():
            known += [requirement for one in terms for requirement in one.get(kind) or () if requirement not in known]
    kept = {kind: requirements for kind, requirements in term.items() if requirements}
    return {"nodeSelectorTerms": [kept]} if kept else None
