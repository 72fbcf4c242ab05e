"""Validation of rbac."""

from __future__ import annotations

from minikctl.apiserver.validation import Checks

VALIDATE: dict[str, Checks] = {}
