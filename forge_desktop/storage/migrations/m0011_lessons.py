"""Tables of providers (endpoints, ledger, paid answers), of distill (tasks, pairs, …) and of the student's choice."""

import sqlite_utils

_STATEMENTS = (
    # ---- providers ----
    # Endpoint as JSON (providers.records.Endpoint without uid and name); a key never stands here.
    """
    CREATE TABLE endpoints (
        uid TEXT PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        wish TEXT NOT NULL,
        created REAL NOT NULL,
        changed REAL NOT NULL
    ) STRICT
    """,
    # What was learnt of an endpoint: limits from its headers, its breaker, its times (JSON).
    "CREATE TABLE endpoint_state (uid TEXT PRIMARY KEY REFERENCES endpoints(uid) ON DELETE CASCADE,"
    " state TEXT NOT NULL, changed REAL NOT NULL) STRICT",
    # Prices typed in, by hand and dated; the newest one that is not in the future holds.
    """
    CREATE TABLE prices (
        id INTEGER PRIMARY KEY,
        endpoint TEXT NOT NULL,
        rates TEXT NOT NULL,
        sha256 TEXT NOT NULL,
        since TEXT NOT NULL,
        created REAL NOT NULL
    ) STRICT
    """,
    # Every price table that a row of the ledger names by its sha256, so that it can be reckoned again.
    "CREATE TABLE price_tables (sha256 TEXT PRIMARY KEY, json TEXT NOT NULL, first_used REAL NOT NULL) STRICT",
    # The ledger: one row for each HTTP attempt. Only state, cost, usage, note, sent, changed and batch ever change,
    # forwards; day and month once more, where a person confirmed a clock that had been doubted. `sent` is when it left.
    """
    CREATE TABLE attempts (
        id INTEGER PRIMARY KEY,
        uid TEXT NOT NULL UNIQUE,
        state TEXT NOT NULL CHECK (state IN ('reserved', 'sent', 'settled', 'released', 'unknown')),
        endpoint TEXT NOT NULL,
        endpoint_name TEXT NOT NULL,
        model TEXT NOT NULL,
        kind TEXT NOT NULL,
        run TEXT NOT NULL DEFAULT '',
        task TEXT NOT NULL DEFAULT '',
        step TEXT NOT NULL DEFAULT '',
        repeat INTEGER NOT NULL DEFAULT 0,
        request_sha256 TEXT NOT NULL,
        price_sha256 TEXT NOT NULL,
        worst INTEGER NOT NULL CHECK (worst >= 0),
        cost INTEGER NOT NULL CHECK (cost >= 0),
        usage TEXT,
        created REAL NOT NULL,
        changed REAL NOT NULL,
        day TEXT NOT NULL,
        month TEXT NOT NULL,
        note TEXT NOT NULL DEFAULT '',
        batch TEXT NOT NULL DEFAULT '',
        owner TEXT NOT NULL DEFAULT '',
        sent REAL
    ) STRICT
    """,
    "CREATE INDEX attempts_by_work ON attempts(task, step, repeat)",
    "CREATE INDEX attempts_by_run ON attempts(run, id)",
    "CREATE INDEX attempts_by_day ON attempts(day, id)",
    "CREATE INDEX attempts_by_run_state ON attempts(run, state)",
    "CREATE INDEX attempts_by_batch ON attempts(batch, state) WHERE batch <> ''",
    "CREATE INDEX attempts_by_state ON attempts(state, id)",
    # What happened, in order, never changed: each line also stands in the mirror file, and holds the hash of the last.
    """
    CREATE TABLE ledger_events (
        n INTEGER PRIMARY KEY,
        line TEXT NOT NULL,
        chain TEXT NOT NULL
    ) STRICT
    """,
    "CREATE TRIGGER ledger_events_stay BEFORE UPDATE ON ledger_events"
    " BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END",
    "CREATE TRIGGER ledger_events_keep BEFORE DELETE ON ledger_events"
    " BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END",
    # Sums of the ledger by what a cap can be on, kept in the same transaction as its rows. cap: of a run only.
    """
    CREATE TABLE periods (
        kind TEXT NOT NULL CHECK (kind IN ('run', 'day', 'month', 'total')),
        key TEXT NOT NULL,
        cap INTEGER,
        settled INTEGER NOT NULL DEFAULT 0,
        reserved INTEGER NOT NULL DEFAULT 0,
        unknown INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (kind, key)
    ) STRICT
    """,
    # Facts of the ledger by name: caps of day, month and total, the latest time seen, why it is stopped (JSON values).
    "CREATE TABLE ledger_facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT",
    # Paid answers; never removed but by "forget".
    """
    CREATE TABLE answers (
        id INTEGER PRIMARY KEY,
        uid TEXT NOT NULL UNIQUE,
        attempt TEXT NOT NULL UNIQUE REFERENCES attempts(uid),
        request_sha256 TEXT NOT NULL,
        repeat INTEGER NOT NULL DEFAULT 0,
        task TEXT NOT NULL DEFAULT '',
        step TEXT NOT NULL DEFAULT '',
        endpoint TEXT NOT NULL,
        model TEXT NOT NULL,
        text TEXT NOT NULL,
        thinking TEXT NOT NULL DEFAULT '',
        stop TEXT NOT NULL,
        usage TEXT,
        cost INTEGER NOT NULL,
        milliseconds REAL NOT NULL,
        first_token_milliseconds REAL,
        sha256 TEXT NOT NULL,
        created REAL NOT NULL
    ) STRICT
    """,
    "CREATE INDEX answers_by_request ON answers(request_sha256, repeat)",
    "CREATE INDEX answers_by_work ON answers(task, step, repeat)",
    # Batches handed to an endpoint: its own id is stored before it is asked how far it is.
    """
    CREATE TABLE batches (
        uid TEXT PRIMARY KEY,
        endpoint TEXT NOT NULL,
        remote_id TEXT NOT NULL DEFAULT '',
        state TEXT NOT NULL,
        run TEXT NOT NULL DEFAULT '',
        lines INTEGER NOT NULL,
        detail TEXT NOT NULL DEFAULT '{}',
        created REAL NOT NULL,
        changed REAL NOT NULL
    ) STRICT
    """,
    # ---- students ----
    # Facts by name (JSON values): which endpoint is the student, and for which a person agreed that text leaves.
    "CREATE TABLE student_facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT",
    # ---- distill ----
    # repeat counts how often a person had a finished task asked afresh: answers of earlier times then do not count.
    """
    CREATE TABLE tasks (
        id INTEGER PRIMARY KEY,
        uid TEXT NOT NULL UNIQUE,
        state TEXT NOT NULL,
        reason TEXT NOT NULL DEFAULT '',
        position REAL NOT NULL,
        question TEXT NOT NULL,
        rules TEXT NOT NULL DEFAULT '',
        schema TEXT NOT NULL DEFAULT '',
        expected TEXT NOT NULL DEFAULT '',
        given_draft TEXT NOT NULL DEFAULT '',
        language TEXT NOT NULL DEFAULT '',
        difficulty TEXT NOT NULL DEFAULT '',
        kind TEXT NOT NULL DEFAULT '',
        origin TEXT NOT NULL,
        origin_detail TEXT NOT NULL DEFAULT '',
        collections TEXT NOT NULL DEFAULT '[]',
        document TEXT NOT NULL DEFAULT '',
        run TEXT NOT NULL DEFAULT '',
        turns INTEGER NOT NULL DEFAULT 0,
        repeat INTEGER NOT NULL DEFAULT 0,
        cost INTEGER NOT NULL DEFAULT 0,
        passages INTEGER NOT NULL DEFAULT 0,
        created REAL NOT NULL,
        changed REAL NOT NULL
    ) STRICT
    """,
    "CREATE INDEX tasks_by_state ON tasks(state, position, id)",
    "CREATE INDEX tasks_by_position ON tasks(position, id)",
    "CREATE INDEX tasks_by_question ON tasks(question COLLATE NOCASE, id)",
    "CREATE INDEX tasks_by_cost ON tasks(cost, id)",
    "CREATE INDEX tasks_by_changed ON tasks(changed, id)",
    "CREATE INDEX tasks_by_passages ON tasks(passages, id)",
    "CREATE INDEX tasks_by_run ON tasks(run, state)",
    # What the student answered before a teacher saw it; one a task, and what is known of how it came about (JSON).
    """
    CREATE TABLE drafts (
        task_id INTEGER PRIMARY KEY REFERENCES tasks(id) ON DELETE CASCADE,
        text TEXT NOT NULL,
        checks TEXT NOT NULL DEFAULT '[]',
        provenance TEXT NOT NULL,
        created REAL NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE turns (
        id INTEGER PRIMARY KEY,
        task_id INTEGER NOT NULL REFERENCES tasks(id) ON DELETE CASCADE,
        turn INTEGER NOT NULL,
        step TEXT NOT NULL,
        endpoint TEXT NOT NULL,
        endpoint_name TEXT NOT NULL,
        model TEXT NOT NULL,
        request_sha256 TEXT NOT NULL DEFAULT '',
        prompt TEXT NOT NULL,
        text TEXT NOT NULL,
        read TEXT NOT NULL DEFAULT '{}',
        problem TEXT NOT NULL DEFAULT '',
        cost INTEGER NOT NULL DEFAULT 0,
        reused INTEGER NOT NULL DEFAULT 0,
        milliseconds REAL NOT NULL DEFAULT 0,
        created REAL NOT NULL,
        UNIQUE (task_id, turn, step)
    ) STRICT
    """,
    # One pair a task; task_id is null where that task is not here: `task` keeps its uid. accepted = approved by rules
    # or a person, and no duplicate, no leak, not put aside ("dropped", or "suite:" and the uid of what suite took it).
    """
    CREATE TABLE pairs (
        id INTEGER PRIMARY KEY,
        uid TEXT NOT NULL UNIQUE,
        task_id INTEGER UNIQUE REFERENCES tasks(id) ON DELETE SET NULL,
        task TEXT NOT NULL DEFAULT '',
        kind TEXT NOT NULL CHECK (kind IN ('TRAIN_PAIR', 'REPAIR_PAIR')),
        prompt TEXT NOT NULL,
        draft TEXT NOT NULL DEFAULT '',
        final TEXT NOT NULL,
        critiques TEXT NOT NULL DEFAULT '[]',
        citations TEXT NOT NULL DEFAULT '[]',
        rules TEXT NOT NULL DEFAULT '',
        language TEXT NOT NULL DEFAULT '',
        quality TEXT NOT NULL,
        score REAL NOT NULL,
        accepted INTEGER NOT NULL CHECK (accepted IN (0, 1)),
        approved INTEGER NOT NULL DEFAULT 0 CHECK (approved IN (0, 1)),
        aside TEXT NOT NULL DEFAULT '',
        reviewed TEXT NOT NULL DEFAULT '',
        note TEXT NOT NULL DEFAULT '',
        cost INTEGER NOT NULL DEFAULT 0,
        teacher TEXT NOT NULL DEFAULT '{}',
        student TEXT NOT NULL DEFAULT '{}',
        imported TEXT NOT NULL DEFAULT '{}',
        duplicate_of TEXT NOT NULL DEFAULT '',
        similarity REAL,
        method TEXT NOT NULL DEFAULT '',
        leaks TEXT NOT NULL DEFAULT '[]',
        source TEXT NOT NULL DEFAULT 'unchecked',
        exact_sha256 TEXT NOT NULL,
        minhash BLOB,
        vector BLOB,
        sha256 TEXT NOT NULL,
        created REAL NOT NULL,
        changed REAL NOT NULL
    ) STRICT
    """,
    "CREATE INDEX pairs_by_accepted ON pairs(accepted, id)",
    "CREATE INDEX pairs_by_task ON pairs(task_id, score, kind)",
    "CREATE INDEX pairs_by_exact ON pairs(exact_sha256)",
    # Totals are counted here, without reading the texts.
    "CREATE INDEX pairs_by_standing ON pairs"
    "(accepted, kind, approved, reviewed, duplicate_of, leaks, aside, source, score, language)",
    "CREATE INDEX pairs_by_duplicate ON pairs(duplicate_of) WHERE duplicate_of <> ''",
    # Passages offered for a task, and those a pair rests on; everything to check them later stands here itself.
    """
    CREATE TABLE evidence (
        id INTEGER PRIMARY KEY,
        task_id INTEGER REFERENCES tasks(id) ON DELETE CASCADE,
        pair_id INTEGER REFERENCES pairs(id) ON DELETE CASCADE,
        n INTEGER NOT NULL,
        document_sha256 TEXT NOT NULL,
        name TEXT NOT NULL,
        passage_id INTEGER NOT NULL,
        start INTEGER NOT NULL,
        "end" INTEGER NOT NULL,
        page INTEGER,
        heading TEXT NOT NULL DEFAULT '[]',
        text TEXT NOT NULL,
        quote TEXT NOT NULL DEFAULT '',
        cited INTEGER NOT NULL DEFAULT 0,
        scores TEXT NOT NULL DEFAULT '{}',
        retrieval TEXT NOT NULL DEFAULT '{}',
        CHECK ((task_id IS NULL) <> (pair_id IS NULL))
    ) STRICT
    """,
    "CREATE INDEX evidence_by_task ON evidence(task_id, n)",
    # How many passages a task is offered stands with it, for lists that are ordered by it.
    "CREATE TRIGGER passages_more AFTER INSERT ON evidence WHEN NEW.task_id IS NOT NULL"
    " BEGIN UPDATE tasks SET passages = passages + 1 WHERE id = NEW.task_id; END",
    "CREATE TRIGGER passages_fewer AFTER DELETE ON evidence WHEN OLD.task_id IS NOT NULL"
    " BEGIN UPDATE tasks SET passages = passages - 1 WHERE id = OLD.task_id; END",
    "CREATE INDEX evidence_by_pair ON evidence(pair_id, n)",
    "CREATE INDEX evidence_cited ON evidence(pair_id, cited, document_sha256, name) WHERE pair_id IS NOT NULL",
    "CREATE INDEX evidence_by_document ON evidence(document_sha256)",
    # What a person decided, in order, with the state before it, so that it can be taken back.
    """
    CREATE TABLE reviews (
        id INTEGER PRIMARY KEY,
        task_id INTEGER REFERENCES tasks(id) ON DELETE CASCADE,
        pair TEXT NOT NULL DEFAULT '',
        decision TEXT NOT NULL,
        note TEXT NOT NULL DEFAULT '',
        before TEXT NOT NULL,
        undone INTEGER NOT NULL DEFAULT 0,
        created REAL NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE distill_runs (
        uid TEXT PRIMARY KEY,
        wish TEXT NOT NULL,
        quoted TEXT NOT NULL DEFAULT '{}',
        started REAL NOT NULL,
        ended REAL,
        stopped_by TEXT NOT NULL DEFAULT '',
        problem TEXT NOT NULL DEFAULT '',
        config TEXT NOT NULL DEFAULT '{}'
    ) STRICT
    """,
    """
    CREATE TABLE suites (
        uid TEXT PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        kind TEXT NOT NULL CHECK (kind IN ('transfer', 'recall')),
        sha256 TEXT NOT NULL,
        source TEXT NOT NULL DEFAULT '',
        created REAL NOT NULL
    ) STRICT
    """,
    """
    CREATE TABLE suite_items (
        suite TEXT NOT NULL REFERENCES suites(uid) ON DELETE CASCADE,
        n INTEGER NOT NULL,
        uid TEXT NOT NULL,
        question TEXT NOT NULL,
        answer TEXT NOT NULL,
        evidence TEXT NOT NULL DEFAULT '[]',
        category TEXT NOT NULL DEFAULT '',
        meta TEXT NOT NULL DEFAULT '{}',
        minhash BLOB,
        PRIMARY KEY (suite, n)
    ) STRICT
    """,
    # A frozen version of pairs: the lines themselves, as they were, zlib-compressed.
    """
    CREATE TABLE datasets (
        uid TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        version INTEGER NOT NULL,
        sha256 TEXT NOT NULL,
        counts TEXT NOT NULL,
        lines BLOB NOT NULL,
        note TEXT NOT NULL DEFAULT '',
        created REAL NOT NULL,
        UNIQUE (name, version)
    ) STRICT
    """,
    "CREATE TABLE dataset_pairs (dataset TEXT NOT NULL REFERENCES datasets(uid) ON DELETE CASCADE, n INTEGER NOT NULL,"
    " pair TEXT NOT NULL, document_sha256s TEXT NOT NULL, PRIMARY KEY (dataset, n)) STRICT",
)


def migrate(db: sqlite_utils.Database) -> None:
    """Create them."""
    for statement in _STATEMENTS:
        db.conn.execute(statement)
