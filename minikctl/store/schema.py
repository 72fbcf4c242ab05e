"""Migrates the tables of a cluster file: the only user of sqlite-utils (`tables.py` holds what comes of it).

A cluster file carries an application id and, as SQLite's user_version, the number of the last
migration applied; `open` in `sqlite.py` refuses newer ones before anything is written.
"""

from __future__ import annotations

import sqlite3

import sqlite_utils

from minikctl.store.format import APPLICATION_ID, SCHEMA_VERSION


def _first(db: sqlite_utils.Database) -> None:
    db.table("meta").create({"key": str, "value": str}, pk="key")
    db.table("log").create(
        {
            "revision": int,
            "type": int,
            "object": int,
            "resource": str,
            "path": str,
            "previous": int,
            "data": str,
        },
        pk="revision",
    )
    db.table("objects").create(
        {"id": int, "resource": str, "path": str, "uid": str, "node": str, "revision": int},
        pk="id",
        not_null={"resource", "path", "revision"},
    )
    db.table("objects").create_index(["resource", "path"], index_name="objects_by_path", unique=True)
    # sqlite-utils has no form for what follows: clustered tables and a partial index.
    db.execute("CREATE INDEX objects_by_node ON objects(resource, node) WHERE node IS NOT NULL")
    db.execute(
        "CREATE TABLE labels(resource TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, object INTEGER NOT NULL,"
        " PRIMARY KEY(resource, key, value, object)) WITHOUT ROWID"
    )
    db.execute(
        "CREATE TABLE owners(owner TEXT NOT NULL, object INTEGER NOT NULL, PRIMARY KEY(owner, object)) WITHOUT ROWID"
    )
    db.execute(
        "CREATE TABLE due(component TEXT NOT NULL, key TEXT NOT NULL, at REAL NOT NULL, PRIMARY KEY(component, key))"
        " WITHOUT ROWID"
    )
    db.table("due").create_index(["at"], index_name="due_by_time")
    db.execute(
        "CREATE TABLE state(component TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,"
        " PRIMARY KEY(component, key)) WITHOUT ROWID"
    )


MIGRATIONS = (_first,)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring an empty or older file to the current schema, in one transaction."""
    db = sqlite_utils.Database(connection)
    connection.execute("BEGIN IMMEDIATE")
    try:
        done = connection.execute("PRAGMA user_version").fetchone()[0]
        for migration in MIGRATIONS[done:]:
            migration(db)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
