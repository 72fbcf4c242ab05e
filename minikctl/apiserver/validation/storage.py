"""Validation of storage."""

from __future__ import annotations

from minikctl.apiserver.validation import Checks

VALIDATE: dict[str, Checks] = {}
