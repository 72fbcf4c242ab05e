"""The tables of a new cluster file, as `schema.py` makes them: this way sqlite-utils need not be loaded.

`tests/unit/store/test_tables.py` makes them both ways and compares.
"""

from __future__ import annotations

import sqlite3

from minikctl.store.format import APPLICATION_ID, SCHEMA_VERSION

TABLES = (
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT)",
    "CREATE TABLE log(revision INTEGER PRIMARY KEY, type INTEGER, object INTEGER, resource TEXT, path TEXT,"
    " previous INTEGER, data TEXT)",
    "CREATE TABLE objects(id INTEGER PRIMARY KEY, resource TEXT NOT NULL, path TEXT NOT NULL, uid TEXT, node TEXT,"
    " revision INTEGER NOT NULL)",
    "CREATE UNIQUE INDEX objects_by_path ON objects(resource, path)",
    "CREATE INDEX objects_by_node ON objects(resource, node) WHERE node IS NOT NULL",
    "CREATE TABLE labels(resource TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, object INTEGER NOT NULL,"
    " PRIMARY KEY(resource, key, value, object)) WITHOUT ROWID",
    "CREATE TABLE owners(owner TEXT NOT NULL, object INTEGER NOT NULL, PRIMARY KEY(owner, object)) WITHOUT ROWID",
    "CREATE TABLE due(component TEXT NOT NULL, key TEXT NOT NULL, at REAL NOT NULL, PRIMARY KEY(component, key))"
    " WITHOUT ROWID",
    "CREATE INDEX due_by_time ON due(at)",
    "CREATE TABLE state(component TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,"
    " PRIMARY KEY(component, key)) WITHOUT ROWID",
)


def create(db: sqlite3.Connection) -> bool:
    """Make the tables in an empty file, in one transaction; False where another process has made them meanwhile."""
    db.execute("BEGIN IMMEDIATE")
    try:
        if db.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
            db.execute("ROLLBACK")
            return False
        for statement in TABLES:
            db.execute(statement)
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
    return True
