"""Tables of engine: timings, kept conversations, plans, students that crash; columns of chat: options, tokens."""

import sqlite_utils

_STATEMENTS = (
    # What was measured with one model on one device: the fastest settings, and tokens a second with them.
    """
    CREATE TABLE engine_timings (
        build TEXT NOT NULL,
        device TEXT NOT NULL,
        model_sha256 TEXT NOT NULL,
        model TEXT NOT NULL,
        gpu_layers INTEGER NOT NULL,
        flash INTEGER NOT NULL CHECK (flash IN (0, 1)),
        threads INTEGER NOT NULL,
        prompt_rate REAL NOT NULL,
        rate REAL NOT NULL,
        measured REAL NOT NULL,
        PRIMARY KEY (build, device, model_sha256, gpu_layers)
    ) STRICT
    """,
    # A conversation's key-value cache on the disk; a file whose key or sha256 is not the one here is never read.
    """
    CREATE TABLE engine_kv_files (
        key TEXT NOT NULL,
        conversation TEXT NOT NULL,
        file TEXT NOT NULL UNIQUE,
        sha256 TEXT NOT NULL,
        bytes INTEGER NOT NULL,
        tokens INTEGER NOT NULL,
        used REAL NOT NULL,
        PRIMARY KEY (key, conversation)
    ) STRICT
    """,
    # How a person wants one model laid out (PlanWish as JSON), where that is not what the planner would choose.
    "CREATE TABLE engine_wishes (model_sha256 TEXT PRIMARY KEY, wish TEXT NOT NULL, changed REAL NOT NULL) STRICT",
    # Models that are not loaded again until a person asks: their process ended too often (`what` says how at last), or
    # twice in a row a load was begun and did not come to an end, whatever ended with it.
    """
    CREATE TABLE engine_crashes (
        model_sha256 TEXT PRIMARY KEY,
        path TEXT NOT NULL,
        what TEXT NOT NULL DEFAULT '',
        unfinished INTEGER NOT NULL DEFAULT 0,
        noted REAL NOT NULL
    ) STRICT
    """,
    # The step of the ladder that worked: part of the layers on the GPU (-1: all that were planned), cache on it or not.
    "ALTER TABLE engine_flags ADD COLUMN gpu_layers INTEGER NOT NULL DEFAULT -1",
    "ALTER TABLE engine_flags ADD COLUMN kv_on_gpu INTEGER NOT NULL DEFAULT 1",
    # A person's options for one student, JSON: preset, sampling, system prompt, template, thinking, stop strings.
    "CREATE TABLE student_options (model_sha256 TEXT PRIMARY KEY, options TEXT NOT NULL, changed REAL NOT NULL) STRICT",
    # The same for one conversation, JSON; and named presets of a person's own.
    "ALTER TABLE conversations ADD COLUMN options TEXT NOT NULL DEFAULT '{}'",
    "CREATE TABLE presets (name TEXT PRIMARY KEY, sampling TEXT NOT NULL, changed REAL NOT NULL) STRICT",
    # tokens: the sampled ones of an answer (little-endian 32 bit) by the model that provenance names, where they spell
    # `raw` exactly; thinking: what the model wrote before its answer.
    "ALTER TABLE messages ADD COLUMN tokens BLOB",
    "ALTER TABLE messages ADD COLUMN thinking TEXT NOT NULL DEFAULT ''",
    # A summary of the early turns that stands in their place in later prompts, and the question up to which it goes.
    "ALTER TABLE messages ADD COLUMN summary TEXT NOT NULL DEFAULT ''",
)


def migrate(db: sqlite_utils.Database) -> None:
    """Create and add them."""
    for statement in _STATEMENTS:
        db.conn.execute(statement)
