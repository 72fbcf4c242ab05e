"""Defaults of the group's kinds: in the versions served there are none."""

from __future__ import annotations

from collections.abc import Callable

from minikctl.apimachinery.request import Obj

DEFAULTS: dict[str, Callable[[Obj, str], None]] = {}
