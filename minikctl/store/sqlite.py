"""The embedded store: one SQLite file, WAL, one growing revision, a gap-free change log.

Every write appends a row to `log`, whose key is the revision; `objects` points at the row that is
current. So a list at an older revision, a watch from one and the state now read the same rows, as
in etcd's MVCC. The apiserver is the only caller; the cluster opens and maintains it.
"""

from __future__ import annotations

import builtins
import os
import sqlite3
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from typing import Any

from minikctl.apimachinery.request import Change
from minikctl.store import record as record_module
from minikctl.store.errors import CompactedError, ExistsError, StoreError
from minikctl.store.format import APPLICATION_ID, SCHEMA_VERSION, SQLITE_MAGIC
from minikctl.store.record import ADDED, DELETED, MODIFIED, Index, Record, encode
from minikctl.store.selection import RECORD, select, via_index
from minikctl.store.state import State
from minikctl.store.views import Part, StoredChange, Views

_BUSY_SECONDS = 120
_FEW = 4  # where fewer than one in so many objects have to be read, they are read one by one
_MANY = 300  # so many objects are worth a faster way to read them


class SQLiteStore:
    """The store protocol on SQLite. One per process and file; of several threads only one may use it at a time."""

    def __init__(self, path: str, *, create: bool = True) -> None:
        """Open `path`, creating it where allowed. StoreError if it is not a usable cluster file."""
        self.path = path
        self._depth = 0
        self.transactions = 0  # so many write transactions have been begun
        self._revision: int | None = None
        self._tuned = False
        self.version = -1  # of the file as the last transaction met it: another where others had written
        self._shared = False
        self.views = Views(self._data)
        # Called where what is remembered of objects may be wrong: when a transaction begins that another process has
        # written before, and when writes were taken back.
        self.on_upset: Callable[[], None] | None = None
        new = _check_file(path, create)
        try:
            self._db = sqlite3.connect(
                path, timeout=_BUSY_SECONDS, isolation_level=None, cached_statements=256, check_same_thread=False
            )
            self._open(new)
        except sqlite3.DatabaseError as error:
            raise _explained(path, error) from None
        self._execute = self._db.execute

    def _open(self, new: bool) -> None:
        version, application = _identity(self._db)
        if application not in (APPLICATION_ID, 0) or (application == 0 and not new and not _is_empty(self._db)):
            raise StoreError(f"{self.path} is an SQLite database but not a minikctl cluster")
        if version > SCHEMA_VERSION:
            raise StoreError(
                f"{self.path} was written by a newer minikctl (format {version}, this one reads up to {SCHEMA_VERSION})"
            )
        if version < SCHEMA_VERSION:
            self._db.execute("PRAGMA journal_mode = WAL")
            os.chmod(self.path, 0o600)
            self._make_tables(version)

    def _make_tables(self, version: int) -> None:
        if version == 0:
            from minikctl.store import tables

            if tables.create(self._db):
                return
        from minikctl.store.schema import migrate

        migrate(self._db)

    def accelerate(self) -> None:
        """Prepare for many objects: a faster JSON codec, where one is installed."""
        record_module.accelerate()

    def share(self) -> None:
        """For long-lived processes: wait for another's write transaction in steps of a millisecond.

        SQLite's own waiting takes ever longer steps, in which short pauses of the other are missed.
        """
        self._shared = True
        self._execute("PRAGMA busy_timeout = 1")

    def explain(self, error: BaseException | None) -> StoreError | None:
        """What an error of the database (in reading: a damaged file) means for the user; None for any other."""
        return _explained(self.path, error) if isinstance(error, sqlite3.DatabaseError) else None

    @contextmanager
    def explaining(self) -> Iterator[None]:
        """Errors of the database as StoreErrors."""
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise _explained(self.path, error) from None

    def close(self) -> None:
        self._db.close()

    # Transactions

    def begin(self) -> None:
        """Enter a write transaction (nested calls join it). Other writers queue behind it."""
        if self._depth == 0:
            try:
                if not self._tuned:
                    self._tune()
                if self._shared:
                    self._begin_in_turn()
                else:
                    self._execute("BEGIN IMMEDIATE")
                version = self.data_version()
            except sqlite3.DatabaseError as error:
                raise _explained(self.path, error) from None
            self._revision = None
            if version != self.version:
                self.version = version
                self._forget()
            self.views.open = True
            self.transactions += 1
        self._depth += 1

    def _begin_in_turn(self) -> None:
        for _ in range(_BUSY_SECONDS * 1000):
            try:
                self._execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                if "locked" not in str(error):
                    raise
        raise StoreError(f"{self.path}: another process has held the cluster for more than {_BUSY_SECONDS} s")

    def _tune(self) -> None:
        """Settings that matter to writers alone; with WAL, NORMAL survives the death of the process."""
        self._db.executescript(
            "PRAGMA synchronous = NORMAL; PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY;"
            "PRAGMA wal_autocheckpoint = 4000;"
        )
        self._tuned = True

    def commit(self) -> None:
        """Leave the transaction; the outermost commit makes it durable."""
        self._depth -= 1
        if self._depth == 0:
            self.views.open = False
            try:
                self._execute("COMMIT")
            except sqlite3.DatabaseError as error:
                self._abandon()
                raise _explained(self.path, error) from None

    def rollback(self) -> None:
        """Leave the transaction; undone where this is the outermost level.

        An inner level has written nothing yet when a request is refused, so the outer one goes on.
        """
        self._depth -= 1
        if self._depth == 0:
            self._abandon()

    def _abandon(self) -> None:
        wrote, self._revision = self._revision is not None, None
        self.views.open = False
        if wrote:
            self._forget()  # revisions that are given back will be given to other objects
        if self._db.in_transaction:
            self._execute("ROLLBACK")

    def _forget(self) -> None:
        self.views.forget()
        if self.on_upset is not None:
            self.on_upset()

    def data_version(self) -> int:
        """A number that changes when another process has written to the file."""
        return int(self._execute("PRAGMA data_version").fetchone()[0])

    def is_behind(self) -> bool:
        """Whether another process has written since the last transaction began; not while one is under way."""
        return self._depth == 0 and self.data_version() != self.version

    def transaction(self) -> Transaction:
        return Transaction(self)

    def snapshot(self) -> Snapshot:
        """`with store.snapshot():` lets every read within see the same state of the file."""
        return Snapshot(self)

    def begin_reading(self) -> bool:
        """Start a read transaction, unless one is under way; True where it was started."""
        if self._db.in_transaction:
            return False
        self._execute("BEGIN")
        return True

    def end_reading(self) -> None:
        """End the read transaction that `begin_reading` has started."""
        self._execute("COMMIT")

    @property
    def in_transaction(self) -> bool:
        return self._depth > 0

    # Reading

    def revision(self) -> int:
        """The newest revision."""
        row = self._execute("SELECT max(revision) FROM log").fetchone()
        return row[0] or 0

    def get(self, resource: str, path: str) -> Record | None:
        row = self._execute(RECORD + " WHERE o.resource = ? AND o.path = ?", (resource, path)).fetchone()
        return Record(*row) if row else None

    def list(
        self,
        resource: str,
        namespace: str = "",
        *,
        label: tuple[str, str] | None = None,
        owner: str | None = None,
        node: str | None = None,
        after: str = "",
        limit: int = 0,
        data: bool = True,
    ) -> builtins.list[Record]:
        """Records in key order, of one namespace ("" for all), by at most one index, after a path (`data` or none)."""
        statement, values = select(
            resource, namespace, label=label, owner=owner, node=node, after=after, limit=limit, data=data
        )
        found = [Record(*row) for row in self._execute(statement, values)]
        if len(found) > _MANY:
            self.accelerate()
        return found

    def list_at(self, revision: int, resource: str, namespace: str = "", after: str = "") -> builtins.list[Record]:
        """All records of a kind as they were at a retained revision, in key order, after a path."""
        self._check_retained(revision)
        rows = {record.path: record for record in self.list(resource, namespace, after=after)}
        changed = self._execute(
            "SELECT path, min(revision) FROM log WHERE revision > ? AND resource = ? GROUP BY path",
            (revision, resource),
        ).fetchall()
        for path, first in changed:
            if (namespace and not path.startswith(namespace + "/")) or path <= after:
                continue
            rows.pop(path, None)
            previous = self._execute(
                "SELECT p.object, p.resource, p.path, p.revision, p.data FROM log l"
                " JOIN log p ON p.revision = l.previous WHERE l.revision = ? AND p.type != ?",
                (first, DELETED),
            ).fetchone()
            if previous:
                rows[path] = Record(*previous)
        return [rows[path] for path in sorted(rows)]

    def size(self) -> int:
        """How many objects there are."""
        return int(self._execute("SELECT count(*) FROM objects").fetchone()[0])

    def count(self, resource: str, namespace: str = "", after: str = "") -> int:
        """How many records of a kind follow `after`."""
        statement = "SELECT count(*) FROM objects WHERE resource = ? AND path > ?"
        values: list[Any] = [resource, after]
        if namespace:
            statement += " AND path >= ? AND path < ?"
            values += [namespace + "/", namespace + "0"]
        return int(self._execute(statement, values).fetchone()[0])

    def kind_state(self, resource: str) -> tuple[int, int]:
        """How many objects of a kind there are and the newest revision of one: changes with every write to the kind."""
        row = self._execute("SELECT count(*), max(revision) FROM objects WHERE resource = ?", (resource,)).fetchone()
        return row[0], row[1] or 0

    def resources(self) -> builtins.list[str]:
        """The resource keys that have objects."""
        rows = self._execute("SELECT DISTINCT resource FROM objects ORDER BY resource")
        return [row[0] for row in rows]

    def owned(self, owner: str) -> builtins.list[Record]:
        """Every record whose owner index names this uid, whatever its kind."""
        rows = self._execute(via_index("owners", "b.owner = ?") + " ORDER BY o.id", (owner,))
        return [Record(*row) for row in rows]

    def oldest(self) -> int:
        """The revision from which on the log is gap-free."""
        return int(self.meta("compacted") or 0)

    def _check_retained(self, revision: int) -> None:
        oldest = self.oldest()
        if revision < oldest:
            raise CompactedError(revision, oldest)

    def changes(self, after: int, limit: int = 0, but_news_of: str = "") -> builtins.list[Change]:
        """What happened after a revision, oldest first. CompactedError where that is no longer known.

        Of the kind `but_news_of` deletions alone.
        """
        self._check_retained(after)
        rows = self._execute(
            "SELECT revision, type, resource, path, previous, data FROM log"
            f" WHERE revision > ? AND (resource != ? OR type = {DELETED}) ORDER BY revision LIMIT ?",
            (after, but_news_of, limit or -1),
        ).fetchall()
        return [StoredChange(self.views, *row) for row in rows]

    def view(self, record: Record, part: Part | None = None) -> dict[str, Any]:
        """The record's object, or the part that `part` makes of it, shared by all who look: not to be altered."""
        return self.views.look(part, record.revision, record.data) or {}

    def shared(
        self, resource: str, namespace: str, part: Part | None, without: Container[str], **index: Any
    ) -> builtins.list[dict[str, Any]]:
        """The views of all records of a list but those whose paths are in `without`."""
        known, look = self.views.known(part), self.views.look
        if known:  # the data of those need not be read again
            records = [r for r in self.list(resource, namespace, data=False, **index) if r.path not in without]
            if _FEW * sum([record.revision not in known for record in records]) <= len(records):
                return [known.get(r.revision) or look(part, r.revision) or {} for r in records]
        return [self.view(r, part) for r in self.list(resource, namespace, **index) if r.path not in without]

    def _data(self, revision: int) -> str | None:
        row = self._execute("SELECT data FROM log WHERE revision = ?", (revision,)).fetchone()
        return row[0] if row else None

    # Writing: inside a transaction only

    def create(self, resource: str, path: str, obj: dict[str, Any], index: Index) -> int:
        """Insert a new object and return its revision; ExistsError, and nothing is changed, where there is one."""
        data = encode(obj)
        revision = self._next()
        try:
            cursor = self._execute(
                "INSERT INTO objects(resource, path, uid, node, revision) VALUES (?, ?, ?, ?, ?)",
                (resource, path, index.uid, index.node, revision),
            )
        except sqlite3.IntegrityError:
            self._revision = revision - 1
            raise ExistsError(path) from None
        object_id = cursor.lastrowid or 0
        self._append(revision, ADDED, object_id, resource, path, None, data)
        if index.labels:
            self._index_labels(resource, object_id, index.labels)
        if index.owners:
            self._index_owners(object_id, index.owners)
        obj["metadata"]["resourceVersion"] = str(revision)
        return revision

    def update(self, record: Record, obj: dict[str, Any], index: Index, before: Index) -> int:
        """Replace the object of `record`, read in this transaction, and return the new revision."""
        data = encode(obj)
        revision = self._next()
        if index.node != before.node:
            self._execute("UPDATE objects SET revision = ?, node = ? WHERE id = ?", (revision, index.node, record.id))
        else:
            self._execute("UPDATE objects SET revision = ? WHERE id = ?", (revision, record.id))
        self._append(revision, MODIFIED, record.id, record.resource, record.path, record.revision, data)
        if index.labels != before.labels:
            self._unindex_labels(record, before.labels)
            self._index_labels(record.resource, record.id, index.labels)
        if index.owners != before.owners:
            self._unindex_owners(record, before.owners)
            self._index_owners(record.id, index.owners)
        obj["metadata"]["resourceVersion"] = str(revision)
        return revision

    def delete(self, record: Record, obj: dict[str, Any], before: Index) -> int:
        """Remove the object; `obj` is its last state, kept in the log at the deletion's revision."""
        data = encode(obj)
        revision = self._next()
        self._execute("DELETE FROM objects WHERE id = ?", (record.id,))
        self._unindex_labels(record, before.labels)
        self._unindex_owners(record, before.owners)
        self._append(revision, DELETED, record.id, record.resource, record.path, record.revision, data)
        obj["metadata"]["resourceVersion"] = str(revision)
        return revision

    def _next(self) -> int:
        if self._depth == 0:
            raise RuntimeError("a write outside a transaction")
        if self._revision is None:
            self._revision = self.revision()
        self._revision += 1
        return self._revision

    def _append(
        self, revision: int, type_: int, object_id: int, resource: str, path: str, previous: int | None, data: str
    ) -> None:
        try:
            self._execute(
                "INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?)",
                (revision, type_, object_id, resource, path, previous, data),
            )
        except sqlite3.DatabaseError as error:
            raise _explained(self.path, error) from None

    def _index_labels(self, resource: str, object_id: int, labels: dict[str, str]) -> None:
        self._db.executemany(
            "INSERT OR IGNORE INTO labels VALUES (?, ?, ?, ?)",
            [(resource, key, value, object_id) for key, value in labels.items()],
        )

    def _index_owners(self, object_id: int, owners: tuple[str, ...]) -> None:
        self._db.executemany("INSERT OR IGNORE INTO owners VALUES (?, ?)", [(owner, object_id) for owner in owners])

    def _unindex_labels(self, record: Record, labels: dict[str, str]) -> None:
        self._db.executemany(
            "DELETE FROM labels WHERE resource = ? AND key = ? AND value = ? AND object = ?",
            [(record.resource, key, value, record.id) for key, value in labels.items()],
        )

    def _unindex_owners(self, record: Record, owners: tuple[str, ...]) -> None:
        self._db.executemany(
            "DELETE FROM owners WHERE owner = ? AND object = ?", [(owner, record.id) for owner in owners]
        )

    def compact(self, keep: int) -> None:
        """Forget superseded revisions older than the newest `keep`; the log stays gap-free after that."""
        floor = self.revision() - keep
        done = self.oldest()
        if floor <= done:
            return
        # A row goes once its successor is old enough: whoever lists or watches from the floor still
        # finds the state that the first newer change replaced.
        self._execute(
            "DELETE FROM log WHERE revision IN (SELECT previous FROM log WHERE revision > ? AND revision <= ?)",
            (done, floor),
        )
        self._execute("DELETE FROM log WHERE revision > ? AND revision <= ? AND type = ?", (done, floor, DELETED))
        self.set_meta("compacted", str(floor))

    # Small values: cluster settings, due times, components' own state

    def meta(self, key: str) -> str | None:
        row = self._execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return row[0] if row else None

    def set_meta(self, key: str, value: str) -> None:
        self._execute(
            "INSERT INTO meta VALUES (?, ?) ON CONFLICT(key) DO UPDATE SET value = excluded.value", (key, value)
        )

    def all_meta(self) -> dict[str, str]:
        return dict(self._execute("SELECT key, value FROM meta").fetchall())

    def set_due(self, component: str, key: str, at: float | None) -> None:
        """Remember that a component wants `key` synced at cluster time `at`; None forgets it."""
        if at is None:
            self._execute("DELETE FROM due WHERE component = ? AND key = ?", (component, key))
            return
        self._execute(
            "INSERT INTO due VALUES (?, ?, ?) ON CONFLICT(component, key) DO UPDATE SET at = excluded.at",
            (component, key, at),
        )

    def next_due(self) -> float | None:
        row = self._execute("SELECT min(at) FROM due").fetchone()
        at: float | None = row[0]
        return at

    def pending(self, cursor: str, now: float) -> bool:
        """Whether there are changes after the cursor kept under that key, or due times that have come."""
        row = self._execute(
            "SELECT (SELECT max(revision) FROM log), (SELECT value FROM meta WHERE key = ?), (SELECT min(at) FROM due)",
            (cursor,),
        ).fetchone()
        return (row[0] or 0) > int(row[1] or 0) or (row[2] is not None and row[2] <= now)

    def behind(self, cursor: str, now: float) -> tuple[int, int]:
        """How many changes there are after the cursor kept under that key, and how much work is due."""
        changes, due = self._execute(
            "SELECT (SELECT max(revision) FROM log) - coalesce((SELECT value FROM meta WHERE key = ?), 0),"
            " (SELECT count(*) FROM due WHERE at <= ?)",
            (cursor, now),
        ).fetchone()
        return int(changes or 0), int(due)

    def due_keys(self) -> set[tuple[str, str]]:
        """Every (component, key) that has a due time."""
        return set(self._execute("SELECT component, key FROM due"))

    def due(self, until: float) -> builtins.list[tuple[str, str, float]]:
        """The (component, key, at) due at or before `until`, in order of time."""
        return self._execute(
            "SELECT component, key, at FROM due WHERE at <= ? ORDER BY at, component, key", (until,)
        ).fetchall()

    def state(self, component: str) -> State:
        return State(self._execute, component)

    # Maintenance

    def backup(self, target: str) -> None:
        """Copy the file, consistent and without its write-ahead log, to `target`."""
        with sqlite3.connect(target) as copy:
            self._db.backup(copy)
        copy.close()

    def rows(self, statement: str) -> Iterator[tuple[Any, ...]]:
        """A read-only look at the tables, for checks."""
        yield from self._execute(statement)


class Transaction:
    """`with store.transaction():` commits at the end, rolls back on an error."""

    __slots__ = ("_store",)

    def __init__(self, store: SQLiteStore) -> None:
        self._store = store

    def __enter__(self) -> None:
        self._store.begin()

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if kind is None:
            self._store.commit()
        else:
            self._store.rollback()


class Snapshot:
    """`with store.snapshot():` holds a read transaction open; within a write transaction it does nothing."""

    __slots__ = ("_started", "_store")

    def __init__(self, store: SQLiteStore) -> None:
        self._store = store
        self._started = False

    def __enter__(self) -> None:
        self._started = self._store.begin_reading()

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        if self._started:
            self._store.end_reading()


def _check_file(path: str, create: bool) -> bool:
    """True where the file is to be made; StoreError where it is something else."""
    try:
        with open(path, "rb") as file:
            head = file.read(len(SQLITE_MAGIC))
    except FileNotFoundError:
        if not create:
            raise StoreError(f"{path}: no such cluster") from None
        _make_folder(path)
        return True
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}") from None
    if head and head != SQLITE_MAGIC:
        raise StoreError(f"{path} is not a minikctl cluster (not an SQLite database)")
    return not head


def _make_folder(path: str) -> None:
    folder = os.path.dirname(os.path.abspath(path))
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{folder}: {error.strerror}") from None
    if not os.access(folder, os.W_OK):
        raise StoreError(f"{folder}: Permission denied")


def _identity(db: sqlite3.Connection) -> tuple[int, int]:
    found = db.execute("SELECT * FROM pragma_user_version, pragma_application_id").fetchone()
    return found[0], found[1]


def _is_empty(db: sqlite3.Connection) -> bool:
    return not db.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()


def _explained(path: str, error: sqlite3.DatabaseError) -> StoreError:
    text = str(error)
    if "malformed" in text or "not a database" in text:
        return StoreError(f"{path} is damaged ({text}); restore a snapshot with `minikctl cluster restore`")
    if "disk is full" in text:
        return StoreError(f"{path}: no space left on device; nothing was changed")
    if "readonly" in text or "unable to open" in text:
        return StoreError(f"{path}: cannot be written ({text})")
    if "locked" in text:
        return StoreError(f"{path}: another process has held the cluster for more than {_BUSY_SECONDS} s")
    return StoreError(f"{path}: {text}")
