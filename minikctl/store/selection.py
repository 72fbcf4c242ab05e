"""The SQL that finds objects of a kind, in key order, by at most one index."""

from __future__ import annotations

from typing import Any

_DATA = " CROSS JOIN log l ON l.revision = o.revision"
_COLUMNS = "SELECT o.id, o.resource, o.path, o.revision, "
RECORD = _COLUMNS + "l.data FROM objects o" + _DATA


def select(
    resource: str,
    namespace: str = "",
    *,
    label: tuple[str, str] | None = None,
    owner: str | None = None,
    node: str | None = None,
    after: str = "",
    limit: int = 0,
    data: bool = True,
) -> tuple[str, list[Any]]:
    """The statement and its values: rows of `Record`, `data` or not, of one namespace ("" for all), after a path."""
    where, values = ["o.resource = ?"], [resource]
    source = RECORD if data else _COLUMNS + "'' FROM objects o"
    if label is not None:
        source = via_index("labels", "b.resource = ? AND b.key = ? AND b.value = ?", data)
        values = [resource, *label, resource]
    elif owner is not None:
        source = via_index("owners", "b.owner = ?", data)
        values = [owner, resource]
    elif node is not None:
        where.append("o.node = ?")
        values.append(node)
    if namespace:
        where.append("o.path >= ? AND o.path < ?")
        values += [namespace + "/", namespace + "0"]  # "0" follows "/"
    if after:
        where.append("o.path > ?")
        values.append(after)
    joiner = " AND " if "WHERE" in source else " WHERE "
    # The plus keeps SQLite from walking all paths in order where the node's index finds the few rows.
    order = " ORDER BY +o.path" if node is not None else " ORDER BY o.path"
    statement = source + joiner + " AND ".join(where) + order
    return (f"{statement} LIMIT {limit}" if limit else statement), values


def via_index(table: str, condition: str, data: bool = True) -> str:
    """The beginning of a statement that comes from an index's rows."""
    # CROSS JOIN fixes the order: from the few index rows to their objects, never the other way.
    start = _COLUMNS + ("l.data" if data else "''") + f" FROM {table} b CROSS JOIN objects o ON o.id = b.object"
    return start + (_DATA if data else "") + f" WHERE {condition}"
