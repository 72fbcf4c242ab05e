"""Changing an object as kubectl's typed commands do: a copy is altered, the difference is sent as a patch.

For set, rollout pause/resume/restart, cordon and taint. Upstream counterpart: `CalculatePatches` of
kubectl's `pkg/cmd/set`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minikctl.apimachinery import openapi
from minikctl.apimachinery.deepcopy import deep_copy
from minikctl.apimachinery.patch import diff_merge, two_way_strategic
from minikctl.apimachinery.request import MERGE_PATCH, STRATEGIC_PATCH, Obj
from minikctl.client.client import Client
from minikctl.kubectl.info import Info


def altered(obj: Obj, change: Callable[[Obj], None]) -> Obj:
    """A copy of the object with the change made."""
    copy: Obj = deep_copy(obj)
    change(copy)
    return copy


def difference(info: Info, modified: Obj) -> tuple[Obj, str]:
    """The patch from the info's object to `modified`, and its content type; {} where they are equal."""
    schema = openapi.schema_for(info.obj["apiVersion"], info.obj["kind"])
    if schema is None:
        return diff_merge(info.obj, modified), MERGE_PATCH
    return two_way_strategic(info.obj, modified, schema), STRATEGIC_PATCH


def send(client: Client, info: Info, patch: Obj, patch_type: str, **options: Any) -> Obj:
    """Send a patch; the info then holds the answer."""
    obj = client.patch(info.row, info.name, patch, patch_type, info.namespace, **options)
    info.refresh(obj)
    return obj
