"""Field ownership: metadata.managedFields after every write, and server-side apply.

The apiserver calls `record_update` for creates, updates and patches and `server_side_apply` for apply
patches; kubectl uses the rest to migrate from client-side apply. The counterpart of apimachinery's
`util/managedfields` on top of structured-merge-diff. Objects are not converted between versions.
"""

from minikctl.apimachinery.managedfields.apply import server_side_apply
from minikctl.apimachinery.managedfields.update import record_update
from minikctl.apimachinery.managedfields.upgrade import extract, owners_of, upgrade_from_client_side

__all__ = ["extract", "owners_of", "record_update", "server_side_apply", "upgrade_from_client_side"]
