"""ServiceCIDRs and IPAddresses.

Upstream counterpart: ServiceCIDRDescriber and IPAddressDescriber.
"""

from __future__ import annotations

from typing import Any

from minikctl.printers.describe.events import finish
from minikctl.printers.describe.lookup import Lookup
from minikctl.printers.describe.writer import head

Obj = dict[str, Any]


def service_cidr(cidr: Obj, lookup: Lookup, now: float) -> str:
    """A ServiceCIDR: its ranges and conditions."""
    out = head(cidr, namespaced=False)
    out.field("CIDRs", ", ".join((cidr.get("spec") or {}).get("cidrs") or ()))
    conditions = (cidr.get("status") or {}).get("conditions")
    if conditions:
        out.line("Status:")
        out.line("Conditions:")
        out.heading("Type", "Status", "LastTransitionTime", "Reason", "Message", level=1)
        out.conditions(conditions, "lastTransitionTime", "reason", "message")
    return finish(out, cidr, lookup, now)


def ip_address(address: Obj, lookup: Lookup, now: float) -> str:
    """An IPAddress: the object it belongs to."""
    out = head(address, namespaced=False)
    parent = (address.get("spec") or {}).get("parentRef")
    if parent is not None:
        out.line("Parent Reference:")
        for label in ("Group", "Resource", "Namespace", "Name"):
            out.field(label, parent.get(label.lower(), ""), 1)
    return finish(out, address, lookup, now)
