"""Tables of cards (values with provenance, edits, versions), of students (measurements), of the corpus (its pace)."""

import json
import re
import sqlite3
import unicodedata

import sqlite_utils

_STATEMENTS = (
    # A card of a version or an endpoint (`subject` is its uid), or of none: brought in, or what it was about is gone.
    # `document` is its Markdown as last written or typed, with every key and section that we do not know. `broken` is
    # a text that could not be read, kept until it is mended. `cursor` counts the edits that are done, for undo. `label`
    # is what people called the subject last, also when it is gone; `errors` counts what a check found wrong.
    """
    CREATE TABLE cards (
        uid TEXT PRIMARY KEY,
        kind TEXT NOT NULL CHECK (kind IN ('student', 'adapter', 'teacher', 'embedder')),
        subject TEXT NOT NULL DEFAULT '',
        name TEXT NOT NULL,
        label TEXT NOT NULL DEFAULT '',
        parent TEXT NOT NULL DEFAULT '',
        state TEXT NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'published')),
        document TEXT NOT NULL DEFAULT '',
        broken TEXT,
        cursor INTEGER NOT NULL DEFAULT 0,
        errors INTEGER NOT NULL DEFAULT 0,
        created REAL NOT NULL,
        changed REAL NOT NULL
    ) STRICT
    """,
    "CREATE UNIQUE INDEX cards_by_subject ON cards(kind, subject) WHERE subject <> ''",
    # A field's value as it was measured, and as a person wrote it: side by side, never one over the other. `data` and
    # `detail` are JSON; `rests_on` names by its hash what makes it stale when it changes.
    """
    CREATE TABLE card_values (
        card TEXT NOT NULL REFERENCES cards(uid) ON DELETE CASCADE,
        field TEXT NOT NULL,
        origin TEXT NOT NULL CHECK (origin IN ('measured', 'hand')),
        data TEXT NOT NULL,
        unit TEXT NOT NULL DEFAULT '',
        source TEXT NOT NULL DEFAULT '',
        detail TEXT NOT NULL DEFAULT '{}',
        rests_on TEXT NOT NULL DEFAULT '{}',
        at REAL NOT NULL,
        PRIMARY KEY (card, field, origin)
    ) STRICT
    """,
    # What a person said of a field beside its value: why it does not apply, that it is taken over from the parent's
    # card and not looked at yet.
    """
    CREATE TABLE card_marks (
        card TEXT NOT NULL REFERENCES cards(uid) ON DELETE CASCADE,
        field TEXT NOT NULL,
        mark TEXT NOT NULL CHECK (mark IN ('not applicable', 'taken over')),
        why TEXT NOT NULL DEFAULT '',
        PRIMARY KEY (card, field, mark)
    ) STRICT
    """,
    # Every change by hand, for undo across a restart; `before` and `after` are JSON of what changed.
    """
    CREATE TABLE card_edits (
        card TEXT NOT NULL REFERENCES cards(uid) ON DELETE CASCADE,
        n INTEGER NOT NULL,
        what TEXT NOT NULL,
        before TEXT NOT NULL,
        after TEXT NOT NULL,
        at REAL NOT NULL,
        PRIMARY KEY (card, n)
    ) STRICT
    """,
    # Numbered versions of a card: the whole of it (JSON), never changed.
    """
    CREATE TABLE card_versions (
        card TEXT NOT NULL REFERENCES cards(uid) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        content TEXT NOT NULL,
        sha256 TEXT NOT NULL,
        published INTEGER NOT NULL DEFAULT 0,
        who TEXT NOT NULL DEFAULT '',
        note TEXT NOT NULL DEFAULT '',
        at REAL NOT NULL,
        PRIMARY KEY (card, number)
    ) STRICT
    """,
    # What a privacy scan found and a person wants shown all the same, by the sha256 of its kind and text.
    """
    CREATE TABLE card_reveals (
        card TEXT NOT NULL REFERENCES cards(uid) ON DELETE CASCADE,
        finding TEXT NOT NULL,
        PRIMARY KEY (card, finding)
    ) STRICT
    """,
    # Benchmarks of a version on this computer. machine, wish, figures: JSON; `build` is the engine's.
    """
    CREATE TABLE measurements (
        uid TEXT PRIMARY KEY,
        version TEXT NOT NULL,
        base_sha256 TEXT NOT NULL,
        adapter_sha256 TEXT NOT NULL DEFAULT '',
        scale REAL NOT NULL DEFAULT 1.0,
        build TEXT NOT NULL,
        device TEXT NOT NULL,
        machine TEXT NOT NULL,
        wish TEXT NOT NULL,
        figures TEXT NOT NULL,
        created REAL NOT NULL
    ) STRICT
    """,
    "CREATE INDEX measurements_by_version ON measurements(version, created)",
    # How fast documents were read and indexed on this computer: the last runs, for what a search costs to make.
    """
    CREATE TABLE index_runs (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        passages INTEGER NOT NULL,
        bytes INTEGER NOT NULL,
        seconds REAL NOT NULL,
        ended REAL NOT NULL
    ) STRICT
    """,
    # What children of which files of llama.cpp said that they are, so that it is known without starting one.
    "CREATE TABLE engine_builds (installed TEXT PRIMARY KEY, build TEXT NOT NULL, noted REAL NOT NULL) STRICT",
    # What documents are called in themselves, by the words that titles are compared by: for the privacy scan of cards.
    """
    CREATE TABLE document_titles (
        key TEXT NOT NULL,
        document_id INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
        title TEXT NOT NULL,
        PRIMARY KEY (key, document_id)
    ) WITHOUT ROWID
    """,
    "CREATE INDEX titles_by_document ON document_titles (document_id)",
    # Pages are read again: their own titles were not kept.
    "UPDATE documents SET recipe = '' WHERE format = 'html' AND state = 'indexed'",
    # What a teacher's calls cost, how long its answers took, and what came of them: read for cards.
    "CREATE INDEX attempts_by_endpoint ON attempts(endpoint, state)",
    "CREATE INDEX answers_by_endpoint ON answers(endpoint, milliseconds, first_token_milliseconds, attempt)",
)


def migrate(db: sqlite_utils.Database) -> None:
    """Create them. Cards themselves are made when the application opens: every version and endpoint gets one."""
    for statement in _STATEMENTS:
        db.conn.execute(statement)
    _file_titles(db.conn)


# ---- titles of the documents that are there: their first headings, by words without capitals and accents -------------

_UNSPACED = (  # scripts without spaces: signs that are words
    "\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003134f\u0e00-\u0eff"
)
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+")


def _file_titles(connection: sqlite3.Connection) -> None:
    headings = connection.execute(
        "SELECT document_id, heading, min(start) FROM passages WHERE heading <> '[]' GROUP BY document_id"
    ).fetchall()
    titles = ((document, str(json.loads(heading)[0])) for document, heading, _ in headings)
    rows = ((_key(title), document, title) for document, title in titles)
    connection.executemany(
        "INSERT OR IGNORE INTO document_titles (key, document_id, title) VALUES (?, ?, ?)",
        (row for row in rows if row[0]),
    )


def _key(title: str) -> str:
    words = [_bare(word) for word in _WORD.findall(unicodedata.normalize("NFKC", title[:1000]).casefold())]
    signs = sum(len(word) == 1 and bool(re.match(f"[{_UNSPACED}]", word)) for word in words)
    return "" if len(words) < 2 or signs == len(words) < 4 else " ".join(words[:12])


def _bare(word: str) -> str:
    split = unicodedata.normalize("NFD", word)
    return unicodedata.normalize("NFC", "".join(one for one in split if not unicodedata.combining(one)))
