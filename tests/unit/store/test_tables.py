"""A new file gets the tables that all migrations one after the other would make."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

from minikctl.store import schema, tables
from minikctl.store.sqlite import SQLiteStore


def columns_and_indexes(db: sqlite3.Connection) -> list[str]:
    """What the file was made with, without the spelling of names and spaces."""
    found = db.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid").fetchall()
    return [re.sub(r" ?([(),]) ?", r"\1", re.sub(r'[\s"\[\]]+', " ", sql)).replace(" (", "(") for (sql,) in found]


def identity(db: sqlite3.Connection) -> tuple[int, int]:
    return db.execute("PRAGMA user_version").fetchone()[0], db.execute("PRAGMA application_id").fetchone()[0]


def empty() -> sqlite3.Connection:
    return sqlite3.connect(":memory:", isolation_level=None)


def test_created_and_migrated_files_are_alike() -> None:
    created, migrated = empty(), empty()
    assert tables.create(created)
    schema.migrate(migrated)
    assert columns_and_indexes(created) == columns_and_indexes(migrated)
    assert identity(created) == identity(migrated)


def test_tables_are_made_once() -> None:
    db = empty()
    assert tables.create(db)
    assert not tables.create(db)


def test_an_empty_file_becomes_a_cluster(tmp_path: Path) -> None:
    path = tmp_path / "empty.db"
    path.touch()
    store = SQLiteStore(str(path))
    assert store.revision() == 0
    store.close()
