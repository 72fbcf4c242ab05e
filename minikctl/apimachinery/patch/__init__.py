"""Patches: making them and applying them, all pure functions on JSON data.

The apiserver applies JSON (RFC 6902), merge (RFC 7386) and strategic merge patches; kubectl apply,
edit, diff and the like make two-way and three-way ones. The counterparts of evanphx/json-patch and
apimachinery's `strategicpatch` and `jsonmergepatch`. No function changes its arguments.
"""

from minikctl.apimachinery.patch.error import PatchConflict, PatchError
from minikctl.apimachinery.patch.jsonpatch import json_patch
from minikctl.apimachinery.patch.malformed import Malformed, parsed
from minikctl.apimachinery.patch.mergepatch import diff_merge, merge_patch, three_way_merge
from minikctl.apimachinery.patch.strategic import strategic_merge
from minikctl.apimachinery.patch.strategic_diff import three_way_strategic, two_way_strategic

__all__ = [
    "Malformed",
    "PatchConflict",
    "PatchError",
    "diff_merge",
    "json_patch",
    "merge_patch",
    "parsed",
    "strategic_merge",
    "three_way_merge",
    "three_way_strategic",
    "two_way_strategic",
]
