"""Services: ClusterIPs and node ports are given out, kept over updates and taken back.

Counterpart of `pkg/registry/core/service` with its allocators. An address in use is marked by an
IPAddress object; node ports have a module of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minikctl.apimachinery import errors, field
from minikctl.apimachinery.request import Obj
from minikctl.apiserver.registry.kinds import addresses, nodeports
from minikctl.apiserver.registry.strategy import Strategy, keep
from minikctl.apiserver.validation.core import serviceaddresses

if TYPE_CHECKING:
    from minikctl.apiserver.registry.context import Context

_PAIRS = (("clusterIPs", "cluster IP", "cluster IPs"), ("ipFamilies", "IP family", "IP families"))


class ServiceStrategy(Strategy):
    allow_create_on_update = True

    def initial_status(self, obj: Obj) -> Obj:
        return {"loadBalancer": {}}

    def prepare_for_create(self, obj: Obj, ctx: Context) -> None:
        super().prepare_for_create(obj, ctx)
        _normalize(obj["spec"], None)
        _allocate(obj, None, ctx)

    def prepare_for_update(self, new: Obj, old: Obj, ctx: Context) -> None:
        keep(new, old, "status")
        _patch_allocated(new["spec"], old["spec"])
        _normalize(new["spec"], old["spec"])
        _allocate(new, old, ctx)
        _drop_type_fields(new["spec"], old["spec"])
        if new["spec"].get("type") != "LoadBalancer":
            new["status"] = {**(new.get("status") or {}), "loadBalancer": {}}

    def after_create(self, obj: Obj, ctx: Context) -> None:
        _record(obj, None, ctx)

    def after_update(self, new: Obj, old: Obj, ctx: Context) -> None:
        _record(new, old, ctx)

    def after_delete(self, obj: Obj, ctx: Context) -> None:
        _release(obj["spec"], {}, ctx)


def _patch_allocated(spec: Obj, old: Obj) -> None:
    """An update that leaves allocated fields out means them as they are (patchAllocatedValues)."""
    if _needs_address(spec) and _needs_address(old):
        if not spec.get("clusterIP"):
            keep(spec, old, "clusterIP")
        if not spec.get("clusterIPs") and spec.get("clusterIP") == old.get("clusterIP"):
            keep(spec, old, "clusterIPs")
    nodeports.keep_allocated(spec, old)


def _needs_address(spec: Obj) -> bool:
    return spec.get("type") != "ExternalName"


def _drop_type_fields(spec: Obj, old: Obj) -> None:
    """What belonged to the type a Service is changed from goes with it, unless the client set it anew.

    Counterpart: dropTypeDependentFields.
    """
    kind, old_kind = spec.get("type"), old.get("type")
    if _needs_address(old) and not _needs_address(spec):
        if all(spec.get(name) == old.get(name) for name in ("clusterIP", "clusterIPs")):
            spec.pop("clusterIP", None)
            spec.pop("clusterIPs", None)
        _drop_unchanged(spec, old, "ipFamilies", "ipFamilyPolicy")
    held = {port.get("nodePort") for port in old.get("ports") or ()}
    if nodeports.uses_ports(old) and not nodeports.uses_ports(spec):
        ports = spec.get("ports") or ()
        if all(port["nodePort"] in held for port in ports if port.get("nodePort")):
            for port in ports:
                port.pop("nodePort", None)
    if nodeports.needs_health_check(old) and not nodeports.needs_health_check(spec):
        _drop_unchanged(spec, old, "healthCheckNodePort")
    if old_kind == "LoadBalancer" and kind != "LoadBalancer":
        _drop_unchanged(spec, old, "allocateLoadBalancerNodePorts", "loadBalancerClass")
    if _externally_accessible(old) and not _externally_accessible(spec):
        _drop_unchanged(spec, old, "externalTrafficPolicy")


def _drop_unchanged(spec: Obj, old: Obj, *names: str) -> None:
    for name in names:
        if spec.get(name) == old.get(name):
            spec.pop(name, None)


def _externally_accessible(spec: Obj) -> bool:
    return nodeports.uses_ports(spec) or (spec.get("type") == "ClusterIP" and bool(spec.get("externalIPs")))


def _allocate(obj: Obj, old: Obj | None, ctx: Context) -> None:
    """Choose what the Service needs and has not got; refuse what is taken. Nothing is written yet."""
    if obj["spec"].get("type") != "ExternalName":
        _allocate_address(obj, old, ctx)
        nodeports.allocate(obj, old, ctx)


def _allocate_address(obj: Obj, old: Obj | None, ctx: Context) -> None:
    """Settle families and addresses on a cluster with IPv4 only (initIPFamilyFields, allocClusterIPs)."""
    spec, before = obj["spec"], (old or {}).get("spec") or {}
    if _prefers_what_it_has(spec, before):
        return
    if spec.get("ipFamilyPolicy") is None:
        undecided = spec.get("clusterIP") == "None" and not spec.get("selector")
        spec["ipFamilyPolicy"] = before.get("ipFamilyPolicy") or ("RequireDualStack" if undecided else "SingleStack")
    _refuse(obj, serviceaddresses.validate_cluster_ips(obj, old))
    _shrink(obj, old)
    if spec.get("clusterIP") == "None" and not spec.get("selector"):
        families = spec["ipFamilies"] = spec.get("ipFamilies") or ["IPv4"]
        if len(families) < 2 and spec["ipFamilyPolicy"] != "SingleStack":
            families.append("IPv6" if families[0] == "IPv4" else "IPv4")
        return
    _refuse(obj, _unserved(spec))
    spec["ipFamilies"] = spec.get("ipFamilies") or ["IPv4"]
    asked = spec.get("clusterIP")
    if asked == "None" or (old is not None and _needs_address(before)):
        return
    if asked:
        _check_address(obj, asked, ctx)
        return
    spec["clusterIP"] = addresses.free(ctx)
    spec["clusterIPs"] = [spec["clusterIP"]]


def _prefers_what_it_has(spec: Obj, before: Obj) -> bool:
    """One with PreferDualStack stays as it was, whatever the cluster has become (isMatchingPreferDualStack...)."""
    return (
        spec.get("ipFamilyPolicy") == "PreferDualStack"
        and before.get("ipFamilyPolicy") in (None, "PreferDualStack")
        and spec.get("type") == before.get("type") in ("ClusterIP", "NodePort", "LoadBalancer")
        and all((spec.get(name) or []) == (before.get(name) or []) for name in ("clusterIPs", "ipFamilies"))
    )


def _normalize(spec: Obj, before: Obj | None) -> None:
    """Bring clusterIP and clusterIPs in step for clients that know only one of them (NormalizeClusterIPs)."""
    ip, ips = spec.get("clusterIP") or "", spec.get("clusterIPs") or []
    if before is None:
        if ip and not ips:
            spec["clusterIPs"] = [ip]
        return
    same_ips = ips == (before.get("clusterIPs") or [])
    if ip != (before.get("clusterIP") or "") and same_ips:
        if ip:
            spec["clusterIPs"] = [ip]
        else:
            spec.pop("clusterIPs", None)


def _refuse(obj: Obj, problems: list[field.FieldError]) -> None:
    if problems:
        raise errors.invalid("Service", obj["metadata"].get("name", ""), problems)


def _shrink(obj: Obj, old: Obj | None) -> None:
    """Check the policy against what is asked for, give up what SingleStack gives up, and infer families."""
    spec, path = obj["spec"], "spec.ipFamilyPolicy"
    policy, problems = spec["ipFamilyPolicy"], []
    before = (old or {}).get("spec") or {}
    for key, what, many in _PAIRS:
        now, then = spec.get(key) or [], before.get(key) or []
        if old is not None and policy == "SingleStack" and now == then:
            now = spec[key] = now[:1] if now else now
            if not now:
                spec.pop(key)
        elif old is not None and policy != "SingleStack" and 0 < len(now) < len(then):
            text = f"must be 'SingleStack' to release the secondary {what}"
            problems.append(field.invalid(path, policy, text))
        if policy == "SingleStack" and len(now) == 2:
            text = f"must be 'RequireDualStack' or 'PreferDualStack' when multiple {many} are specified"
            problems.append(field.invalid(path, policy, text))
    ips = spec.get("clusterIPs") or []
    for index, ip in enumerate(ips if ips != ["None"] else ()):
        if index >= len(spec.get("ipFamilies") or ()):
            if ":" in ip:
                text = "IPv6 is not configured on this cluster"
                problems.append(field.invalid(f"spec.clusterIPs[{index}]", ips, text))
            else:
                spec.setdefault("ipFamilies", []).append("IPv4")
    _refuse(obj, problems)


def _unserved(spec: Obj) -> list[field.FieldError]:
    """What a cluster with IPv4 only cannot give."""
    problems = []
    if spec["ipFamilyPolicy"] == "RequireDualStack":
        text = "this cluster is not configured for dual-stack services"
        problems.append(field.invalid("spec.ipFamilyPolicy", spec["ipFamilyPolicy"], text))
    for index, family in enumerate(spec.get("ipFamilies") or ()):
        if family != "IPv4":
            problems.append(field.invalid(f"spec.ipFamilies[{index}]", family, "not configured on this cluster"))
    return problems


def _check_address(obj: Obj, address: str, ctx: Context) -> None:
    if why := addresses.problem(address, ctx):
        text = f"failed to allocate IP {address}: {why}"
        _refuse(obj, [field.invalid("spec.clusterIPs", obj["spec"].get("clusterIPs"), text)])


def _addresses(spec: Obj) -> set[str]:
    return {ip for ip in spec.get("clusterIPs") or () if ip and ip != "None"}


def _record(new: Obj, old: Obj | None, ctx: Context) -> None:
    meta, before = new["metadata"], (old or {}).get("spec", {})
    state: Any = ctx.server.storage.state("services")
    for key in nodeports.keys(new["spec"]) - nodeports.keys(before):
        state.put(key, f"{meta['namespace']}/{meta['name']}")
    for address in sorted(_addresses(new["spec"]) - _addresses(before)):
        obj = addresses.ip_address(address, meta["namespace"], meta["name"])
        obj["metadata"].update(uid=ctx.rand.uid(), creationTimestamp=ctx.now)
        ctx.server.storage.replace(addresses.IP_ADDRESSES, obj)
    _release(before, new["spec"], ctx)


def _release(before: Obj, now: Obj, ctx: Context) -> None:
    state = ctx.server.storage.state("services")
    for key in nodeports.keys(before) - nodeports.keys(now):
        state.delete(key)
    for address in _addresses(before) - _addresses(now):
        ctx.server.storage.delete(addresses.IP_ADDRESSES, "", address)


STRATEGIES = {"services": ServiceStrategy}
