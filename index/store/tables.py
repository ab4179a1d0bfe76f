"""The tables of `library.db`, and those that every collection has of its own.

A document is a range of passage ids, `first` to `last`, which one transaction wrote; ids are never
used again, so whatever still knows a deleted one (an index file, say) cannot bring it back.
Every collection has a full-text table of its own, so that ranking statistics tell nothing of other
tenants' words, and its vectors by generation: a new embedding model writes a new table.
"""

from typing import Final

# Entry N brings a database of version N to N + 1. Entries are never changed once released.
MIGRATIONS: Final = (
    """
    CREATE TABLE collections (
        number     INTEGER PRIMARY KEY AUTOINCREMENT,
        id         TEXT NOT NULL UNIQUE,
        owner      TEXT NOT NULL,
        name       TEXT NOT NULL,
        created_at REAL NOT NULL,
        metadata   TEXT NOT NULL,
        settings   TEXT NOT NULL,
        expires_at REAL,
        version    INTEGER NOT NULL DEFAULT 0,
        generation INTEGER NOT NULL DEFAULT 1,
        newest     INTEGER NOT NULL DEFAULT 1
    ) STRICT;
    CREATE INDEX collections_by_owner ON collections (owner);
    CREATE TABLE readers (
        collection INTEGER NOT NULL,
        tenant     TEXT NOT NULL,
        PRIMARY KEY (collection, tenant)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX readers_by_tenant ON readers (tenant);
    CREATE TABLE generations (
        collection INTEGER NOT NULL,
        generation INTEGER NOT NULL,
        embedder   TEXT NOT NULL,
        dimension  INTEGER NOT NULL,
        PRIMARY KEY (collection, generation)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE files (
        number     INTEGER PRIMARY KEY AUTOINCREMENT,
        id         TEXT NOT NULL UNIQUE,
        tenant     TEXT NOT NULL,
        name       TEXT NOT NULL,
        bytes      INTEGER NOT NULL,
        sha256     TEXT NOT NULL,
        purpose    TEXT NOT NULL,
        created_at REAL NOT NULL
    ) STRICT;
    CREATE INDEX files_by_content ON files (sha256);
    CREATE TABLE documents (
        number        INTEGER PRIMARY KEY AUTOINCREMENT,
        id            TEXT NOT NULL UNIQUE,
        collection    INTEGER NOT NULL,
        file          TEXT NOT NULL,
        name          TEXT NOT NULL,
        sha256        TEXT NOT NULL,
        attributes    TEXT NOT NULL,
        state         TEXT NOT NULL DEFAULT 'in_progress',
        stage         TEXT NOT NULL DEFAULT 'waiting',
        done          INTEGER NOT NULL DEFAULT 0,
        total         INTEGER NOT NULL DEFAULT 0,
        title         TEXT NOT NULL DEFAULT '',
        media_type    TEXT NOT NULL DEFAULT '',
        pages         INTEGER,
        notes         TEXT NOT NULL DEFAULT '[]',
        first         INTEGER,
        last          INTEGER,
        bytes         INTEGER NOT NULL DEFAULT 0,
        error_code    TEXT,
        error_message TEXT,
        created_at    REAL NOT NULL,
        updated_at    REAL NOT NULL
    ) STRICT;
    CREATE INDEX documents_by_name ON documents (collection, name);
    CREATE INDEX documents_by_state ON documents (collection, state);
    CREATE INDEX documents_by_range ON documents (collection, first);
    CREATE INDEX documents_by_file ON documents (file);
    CREATE TABLE passages (
        id         INTEGER PRIMARY KEY AUTOINCREMENT,
        document   INTEGER NOT NULL,
        ordinal    INTEGER NOT NULL,
        text       TEXT NOT NULL,
        start      INTEGER NOT NULL,
        end        INTEGER NOT NULL,
        tokens     INTEGER NOT NULL,
        headings   TEXT NOT NULL,
        first_page INTEGER,
        last_page  INTEGER
    ) STRICT;
    """,
    """
    ALTER TABLE generations ADD COLUMN since REAL;
    ALTER TABLE generations ADD COLUMN recall REAL;
    UPDATE generations SET since = (SELECT created_at FROM collections WHERE number = collection)
        WHERE generation <= (SELECT generation FROM collections WHERE number = collection);
    """,
    "ALTER TABLE passages ADD COLUMN turns TEXT NOT NULL DEFAULT '[]'",
)

OF_A_COLLECTION: Final = """
    CREATE VIRTUAL TABLE words_$ USING fts5(
        text, content='', contentless_delete=1,
        tokenize='porter unicode61 remove_diacritics 2'
    );
    CREATE VIRTUAL TABLE vocabulary_$ USING fts5vocab(words_$, row);
    CREATE VIRTUAL TABLE occurrences_$ USING fts5vocab(words_$, instance);
"""
NO_COLLECTION: Final = """
    DROP TABLE IF EXISTS occurrences_$;
    DROP TABLE IF EXISTS vocabulary_$;
    DROP TABLE IF EXISTS words_$
"""

OF_A_GENERATION: Final = """
    CREATE TABLE vectors_$_# (id INTEGER PRIMARY KEY, vector BLOB NOT NULL) STRICT;
    CREATE TABLE token_vectors_$_# (
        id INTEGER PRIMARY KEY, rows INTEGER NOT NULL, vectors BLOB NOT NULL
    ) STRICT;
"""
NO_GENERATION: Final = """
    DROP TABLE IF EXISTS vectors_$_#; DROP TABLE IF EXISTS token_vectors_$_#
"""


def of(sql: str, collection: int, generation: int = 0) -> str:
    """`sql` about the tables of one collection (`words_$`) or generation (`vectors_$_#`)."""
    return sql.replace("$", f"{collection:d}").replace("#", f"{generation:d}")
