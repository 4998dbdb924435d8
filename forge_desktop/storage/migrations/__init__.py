"""The schema, step by step: append-only files named mNNNN_what, each one function registered here in order."""

from sqlite_utils import Migrations

from forge_desktop.storage.migrations import (
    m0001_corpus,
    m0002_chat,
    m0003_students,
    m0004_engine,
    m0005_index,
    m0006_vectors,
    m0007_collections,
    m0008_reading,
    m0009_scope,
    m0010_engine,
    m0011_lessons,
    m0012_versions,
    m0013_cards,
)

MIGRATIONS = Migrations("forge")

for _step in (
    m0001_corpus,
    m0002_chat,
    m0003_students,
    m0004_engine,
    m0005_index,
    m0006_vectors,
    m0007_collections,
    m0008_reading,
    m0009_scope,
    m0010_engine,
    m0011_lessons,
    m0012_versions,
    m0013_cards,
):
    MIGRATIONS(name=_step.__name__.rpartition(".")[2])(_step.migrate)
