"""A component's private values (a kubelet's disk), kept in the cluster file."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from typing import Any

_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


class State:
    """One component's private values, written with the transaction they happen in."""

    __slots__ = ("_component", "_execute")

    def __init__(self, execute: Callable[..., sqlite3.Cursor], component: str) -> None:
        self._execute = execute
        self._component = component

    def get(self, key: str) -> Any:
        row = self._execute(
            "SELECT value FROM state WHERE component = ? AND key = ?", (self._component, key)
        ).fetchone()
        return json.loads(row[0]) if row else None

    def put(self, key: str, value: Any) -> None:
        self._execute(
            "INSERT OR REPLACE INTO state VALUES (?, ?, ?)",
            (self._component, key, _encode(value)),
        )

    def delete(self, key: str) -> None:
        self._execute("DELETE FROM state WHERE component = ? AND key = ?", (self._component, key))

    def scan(self, prefix: str) -> list[tuple[str, Any]]:
        rows = self._execute(
            "SELECT key, value FROM state WHERE component = ? AND key >= ? AND key < ? ORDER BY key",
            (self._component, prefix, prefix + "\U0010ffff"),
        )
        return [(key, json.loads(value)) for key, value in rows.fetchall()]
