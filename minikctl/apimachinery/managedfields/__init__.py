"""Field ownership: metadata.managedFields after every write, and server-side apply.

The apiserver calls `record_update` for creates, updates and patches and `server_side_apply` for apply
patches; kubectl uses the rest to migrate from client-side apply. The counterpart of apimachinery's
`util/managedfields` on top of structured-merge-diff. Objects are not converted between versions.
What ordinary writes do not need is loaded when first asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minikctl.apimachinery.managedfields.update import record_update

if TYPE_CHECKING:
    from minikctl.apimachinery.managedfields.apply import server_side_apply
    from minikctl.apimachinery.managedfields.upgrade import extract, owners_of, upgrade_from_client_side

__all__ = ["extract", "owners_of", "record_update", "server_side_apply", "upgrade_from_client_side"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(name)
    from minikctl.apimachinery.managedfields import apply, upgrade

    return getattr(apply if name == "server_side_apply" else upgrade, name)
