"""How a cluster file is told from any other SQLite file."""

APPLICATION_ID = 0x6D6B3863  # "mk8c"
SCHEMA_VERSION = 1
SQLITE_MAGIC = b"SQLite format 3\x00"
