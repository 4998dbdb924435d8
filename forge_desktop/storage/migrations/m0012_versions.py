"""Tables of students: adapters, versions and their history, training runs, gates, and what cards say of a version."""

import hashlib
import json

import sqlite_utils

_STATEMENTS = (
    # An adapter's file is <data>/adapters/<sha256>.gguf. `detail` is JSON: rank, alpha, tensors, what it came from.
    """
    CREATE TABLE adapters (
        sha256 TEXT PRIMARY KEY,
        base_sha256 TEXT NOT NULL,
        architecture TEXT NOT NULL,
        name TEXT NOT NULL,
        origin TEXT NOT NULL CHECK (origin IN ('trained', 'imported')),
        run TEXT NOT NULL DEFAULT '',
        rank INTEGER NOT NULL,
        alpha REAL NOT NULL,
        file_bytes INTEGER NOT NULL,
        modified_ns INTEGER NOT NULL,
        detail TEXT NOT NULL DEFAULT '{}',
        created REAL NOT NULL
    ) STRICT
    """,
    # uid: sha256 of base, adapter ("" for none), scale, template ("" for the file's own) and retrieval settings (JSON).
    """
    CREATE TABLE versions (
        uid TEXT PRIMARY KEY,
        number INTEGER NOT NULL UNIQUE,
        base_sha256 TEXT NOT NULL,
        adapter_sha256 TEXT NOT NULL DEFAULT '',
        scale REAL NOT NULL DEFAULT 1.0,
        template TEXT NOT NULL DEFAULT '',
        retrieval TEXT NOT NULL DEFAULT '{}',
        state TEXT NOT NULL CHECK (state IN ('candidate', 'gated', 'active', 'retired')),
        verdict TEXT NOT NULL DEFAULT '' CHECK (verdict IN ('', 'passed', 'failed', 'inconclusive')),
        gate TEXT NOT NULL DEFAULT '',
        parent TEXT NOT NULL DEFAULT '',
        name TEXT NOT NULL DEFAULT '',
        note TEXT NOT NULL DEFAULT '',
        created REAL NOT NULL,
        changed REAL NOT NULL
    ) STRICT
    """,
    "CREATE UNIQUE INDEX versions_active ON versions(state) WHERE state = 'active'",
    "CREATE INDEX versions_by_base ON versions(base_sha256)",
    "CREATE INDEX versions_by_adapter ON versions(adapter_sha256)",
    # Who did what, when and why; never changed.
    """
    CREATE TABLE version_history (
        id INTEGER PRIMARY KEY,
        version TEXT NOT NULL,
        what TEXT NOT NULL,
        before TEXT NOT NULL DEFAULT '',
        who TEXT NOT NULL DEFAULT '',
        why TEXT NOT NULL DEFAULT '',
        detail TEXT NOT NULL DEFAULT '{}',
        at REAL NOT NULL
    ) STRICT
    """,
    "CREATE INDEX version_history_by_version ON version_history(version, id)",
    "CREATE TRIGGER version_history_stays BEFORE UPDATE ON version_history"
    " BEGIN SELECT RAISE(ABORT, 'the history only grows'); END",
    "CREATE TRIGGER version_history_is_kept BEFORE DELETE ON version_history"
    " BEGIN SELECT RAISE(ABORT, 'the history only grows'); END",
    # Runs: files are in <data>/training/<uid>/. wish, plan, data, result: JSON. `version` is what came of it.
    """
    CREATE TABLE training_runs (
        uid TEXT PRIMARY KEY,
        number INTEGER NOT NULL UNIQUE,
        name TEXT NOT NULL,
        state TEXT NOT NULL,
        base_sha256 TEXT NOT NULL,
        wish TEXT NOT NULL,
        plan TEXT NOT NULL DEFAULT '{}',
        data TEXT NOT NULL DEFAULT '{}',
        job_sha256 TEXT NOT NULL DEFAULT '',
        result TEXT NOT NULL DEFAULT '{}',
        step INTEGER NOT NULL DEFAULT 0,
        steps INTEGER NOT NULL DEFAULT 0,
        problem TEXT NOT NULL DEFAULT '',
        version TEXT NOT NULL DEFAULT '',
        again_of TEXT NOT NULL DEFAULT '',
        created REAL NOT NULL,
        started REAL,
        ended REAL
    ) STRICT
    """,
    # Which pairs a run learnt from, and the documents these rest on: for "forget" and for cards.
    """
    CREATE TABLE training_pairs (
        run TEXT NOT NULL REFERENCES training_runs(uid) ON DELETE CASCADE,
        n INTEGER NOT NULL,
        pair TEXT NOT NULL,
        part TEXT NOT NULL CHECK (part IN ('train', 'validation')),
        documents TEXT NOT NULL DEFAULT '[]',
        PRIMARY KEY (run, n)
    ) STRICT
    """,
    # wish, suites, metrics, sweep, reasons, conditions: JSON. version and baseline are uids of versions; their labels
    # are kept beside them, since a version can be removed.
    """
    CREATE TABLE gates (
        uid TEXT PRIMARY KEY,
        number INTEGER NOT NULL UNIQUE,
        version TEXT NOT NULL,
        baseline TEXT NOT NULL,
        label TEXT NOT NULL DEFAULT '',
        baseline_label TEXT NOT NULL DEFAULT '',
        state TEXT NOT NULL,
        verdict TEXT NOT NULL DEFAULT '' CHECK (verdict IN ('', 'passed', 'failed', 'inconclusive')),
        scale REAL NOT NULL DEFAULT 1.0,
        wish TEXT NOT NULL,
        suites TEXT NOT NULL DEFAULT '[]',
        metrics TEXT NOT NULL DEFAULT '[]',
        sweep TEXT NOT NULL DEFAULT '[]',
        reasons TEXT NOT NULL DEFAULT '[]',
        conditions TEXT NOT NULL DEFAULT '{}',
        problem TEXT NOT NULL DEFAULT '',
        created REAL NOT NULL,
        ended REAL
    ) STRICT
    """,
    "CREATE INDEX gates_by_version ON gates(version, number)",
    # What each arm made of each item. `suite` is a sha256; arm: baseline, candidate, judge, "scale:0.5" of a sweep.
    # `change`, in the candidate's row, compares it with the baseline.
    """
    CREATE TABLE gate_items (
        gate TEXT NOT NULL REFERENCES gates(uid) ON DELETE CASCADE,
        suite TEXT NOT NULL,
        n INTEGER NOT NULL,
        arm TEXT NOT NULL,
        item TEXT NOT NULL,
        answer TEXT NOT NULL DEFAULT '',
        scores TEXT NOT NULL DEFAULT '{}',
        problem TEXT NOT NULL DEFAULT '',
        change TEXT NOT NULL DEFAULT '' CHECK (change IN ('', 'better', 'worse', 'same')),
        PRIMARY KEY (gate, suite, n, arm)
    ) STRICT
    """,
    # What a gate asked, kept with it: suites can be removed, and the shipped ones change. evidence, documents: JSON.
    """
    CREATE TABLE gate_questions (
        gate TEXT NOT NULL REFERENCES gates(uid) ON DELETE CASCADE,
        suite TEXT NOT NULL,
        n INTEGER NOT NULL,
        item TEXT NOT NULL,
        question TEXT NOT NULL,
        expected TEXT NOT NULL,
        evidence TEXT NOT NULL DEFAULT '[]',
        documents TEXT NOT NULL DEFAULT '[]',
        category TEXT NOT NULL DEFAULT '',
        part TEXT NOT NULL CHECK (part IN ('test', 'validation')),
        PRIMARY KEY (gate, suite, n)
    ) STRICT
    """,
    # Written by cards, read at promotion: the card of a version, and which fields it still lacks (JSON).
    "CREATE TABLE card_state (version TEXT PRIMARY KEY, sha256 TEXT NOT NULL, missing TEXT NOT NULL DEFAULT '[]',"
    " changed REAL NOT NULL) STRICT",
)


def migrate(db: sqlite_utils.Database) -> None:
    """Create them. Every base is a version without an adapter; the one that answered is the active one."""
    for statement in _STATEMENTS:
        db.conn.execute(statement)
    bases = db.conn.execute("SELECT sha256, active, name, imported FROM bases ORDER BY shipped DESC, id").fetchall()
    for number, (sha256, active, name, imported) in enumerate(bases, 1):
        made_of = json.dumps([sha256, "", 1.0, "", {}], separators=(",", ":"), sort_keys=True)
        db.conn.execute(
            "INSERT INTO versions (uid, number, base_sha256, state, name, created, changed)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                hashlib.sha256(made_of.encode()).hexdigest(),
                number,
                sha256,
                "active" if active else "candidate",
                name,
                imported,
                imported,
            ),
        )
