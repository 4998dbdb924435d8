"""The chat's own tables: conversations as trees of messages, and the passages each answer was offered."""

from __future__ import annotations

import dataclasses
import json
import sqlite3
import time
import uuid
from collections.abc import Callable, Iterator, Sequence

from forge_desktop.base.errors import ForgeError
from forge_desktop.chat.options import sound
from forge_desktop.chat.records import ChatMessage, Conversation, SeenPrompt, Source
from forge_desktop.chat.rows import (
    Asked,
    Ending,
    Task,
    Turn,
    fold,
    message_of,
    pack,
    source_of,
    source_row,
    storable,
    tokens_as_bytes,
    tokens_of,
    unpack,
)
from forge_desktop.chat.spans import found_part
from forge_desktop.chat.store_options import read_layer
from forge_desktop.engine.records import PromptPart
from forge_desktop.storage import Database

_SNIPPET = 160
_SEARCH_WORDS = 32  # words of a search that count; more would make an expression SQLite refuses
_MESSAGE = (
    "id, conversation_id, parent_id, role, text, state, problem, created, grounding, sentences, provenance,"
    " collections, thinking, summary"
)


class ChatStore:
    """All SQL of the chat. Every write is one transaction; rows never leave."""

    def __init__(self, db: Database, clock: Callable[[], float] = time.time) -> None:
        self._db = db
        self._clock = clock

    # conversations

    def conversations(self, text: str) -> list[Conversation]:
        """Newest first; with `text`, those whose title or one message has all its words, the hit as snippet."""
        words = list(dict.fromkeys(fold(text).split()))[:_SEARCH_WORDS]
        in_title = " AND ".join(["instr(c.folded, ?)"] * len(words)) or "1"
        in_message = " AND ".join(["instr(folded, ?)"] * len(words)) or "0"
        rows = self._db.rows(
            f"""
            SELECT c.id, c.title, c.created, c.updated, c.snippet, substr(m.text, hit.place, {_SNIPPET}) AS excerpt,
                   hit.place, (SELECT count(*) FROM messages AS all_m WHERE all_m.conversation_id = c.id) AS messages
            FROM conversations AS c
            LEFT JOIN (
                SELECT conversation_id, max(id) AS id, max(1, instr(folded, ?) - {_SNIPPET // 3}) AS place
                FROM messages WHERE {in_message} GROUP BY conversation_id
            ) AS hit ON hit.conversation_id = c.id
            LEFT JOIN messages AS m ON m.id = hit.id
            WHERE c.deleted IS NULL AND (({in_title}) OR hit.id IS NOT NULL)
            ORDER BY c.updated DESC, c.id DESC
            """,
            words[0] if words else "",
            *words,
            *words,
        )
        return [
            Conversation(
                row["id"],
                row["title"],
                row["created"],
                row["updated"],
                row["snippet"] if row["excerpt"] is None else _on_one_line(row["excerpt"], cut=row["place"] > 1),
                row["messages"],
            )
            for row in rows
        ]

    def create(self, title: str) -> int:
        """A new, empty conversation."""
        now = self._clock()
        with self._db.write() as connection:
            cursor = connection.execute(
                "INSERT INTO conversations (uid, title, folded, created, updated) VALUES (?, ?, ?, ?, ?)",
                (str(uuid.uuid4()), title, fold(title), now, now),
            )
        return int(cursor.lastrowid or 0)

    def rename(self, conversation_id: int, title: str) -> None:
        """Give it another title; its place in the list stays."""
        with self._db.write() as connection:
            connection.execute(
                "UPDATE conversations SET title = ?, folded = ? WHERE id = ?", (title, fold(title), conversation_id)
            )

    def delete(self, conversation_ids: Sequence[int]) -> int:
        """Hide conversations under one new token; `purge` drops them for good."""
        with self._db.write() as connection:
            token = 1 + int(connection.execute("SELECT coalesce(max(deleted), 0) FROM conversations").fetchone()[0])
            token = max(token, int(self._clock() * 1000))
            connection.executemany(
                "UPDATE conversations SET deleted = ? WHERE id = ? AND deleted IS NULL",
                [(token, conversation_id) for conversation_id in conversation_ids],
            )
        return token

    def uids(self, conversation_ids: Sequence[int]) -> list[str]:
        """The conversations' names outside this database."""
        wanted = json.dumps(list(conversation_ids))
        rows = self._db.rows("SELECT uid FROM conversations WHERE id IN (SELECT value FROM json_each(?))", wanted)
        return [row["uid"] for row in rows]

    def restore(self, token: int) -> None:
        """Undo the deletion with this token."""
        with self._db.write() as connection:
            connection.execute("UPDATE conversations SET deleted = NULL WHERE deleted = ?", (token,))

    def purge(self) -> None:
        """Drop what is deleted, for good."""
        if self._db.row("SELECT 1 FROM conversations WHERE deleted IS NOT NULL") is None:
            return
        with self._db.write() as connection:
            connection.execute("DELETE FROM conversations WHERE deleted IS NOT NULL")

    def open_conversation(self, conversation_id: int) -> sqlite3.Row:
        """Its row; raises ForgeError when it is not there or deleted."""
        row = self._db.row(
            "SELECT id, title, shown_child FROM conversations WHERE id = ? AND deleted IS NULL", conversation_id
        )
        if row is None:
            raise ForgeError("This conversation is no longer there.", hint="Choose another one or start a new one.")
        return row

    # writing

    def add_question(self, conversation_id: int, parent_id: int | None, text: str, asked: Asked, title: str) -> int:
        """Commit a question and the empty answer to it, both shown from now on; gives the answer's id.

        `title` names a conversation that has none yet.
        """
        with self._db.write() as connection:
            question = self._insert(connection, conversation_id, parent_id, text, asked, answer=False)
            answer = self._insert(connection, conversation_id, question, "", asked, answer=True)
            connection.execute(
                "UPDATE conversations SET title = ?, folded = ? WHERE id = ? AND title = ''",
                (title, fold(title), conversation_id),
            )
            self._touch(connection, conversation_id, text)
        return answer

    def add_answer(self, question_id: int, collections: Sequence[str] | None = None) -> int:
        """Commit an empty answer beside those the question already has; it is the one shown from now on.

        Without `collections` it is searched for where the question was asked.
        """
        with self._db.write() as connection:
            question = connection.execute(
                "SELECT conversation_id, grounding, collections FROM messages WHERE id = ?", (question_id,)
            ).fetchone()
            where = json.loads(question["collections"]) if collections is None else collections
            asked = Asked(question["grounding"], tuple(where))
            answer = self._insert(connection, question["conversation_id"], question_id, "", asked, answer=True)
            self._touch(connection, question["conversation_id"], "")
        return answer

    def save_text(self, message_id: int, text: str, thinking: str = "") -> None:
        """Store what has been written, and thought, so far."""
        with self._db.write() as connection:
            connection.execute(
                "UPDATE messages SET text = ?, raw = ?, thinking = ? WHERE id = ? AND state = 'writing'",
                (text, text, storable(thinking), message_id),
            )

    def save_prompt(
        self,
        message_id: int,
        sources: Sequence[Source],
        *,
        turn: Sequence[PromptPart] = (),
        seen: SeenPrompt | None = None,
        history_from: int | None = None,
        summary: str = "",
        summary_until: int = 0,
    ) -> None:
        """Store what the answer will rest on, before the student is asked.

        A new `summary` of all turns before the question `summary_until` is stored with the question asked now, and
        stands in every later prompt.
        """
        with self._db.write() as connection:
            self._write_sources(connection, message_id, [(source, source) for source in sources])
            connection.execute(
                "UPDATE messages SET turn = ?, seen = ?, history_from = ? WHERE id = ?",
                (
                    pack([[part.text, part.trusted] for part in turn]) if turn else None,
                    pack(vars(seen)) if seen else None,
                    history_from,
                    message_id,
                ),
            )
            if summary:
                connection.execute(
                    "UPDATE messages SET summary = ?, history_from = ?"
                    " WHERE id = (SELECT parent_id FROM messages WHERE id = ?)",
                    (storable(summary), summary_until, message_id),
                )

    def finish(self, message_id: int, ending: Ending, sources: Sequence[Source] | None = None) -> None:
        """Store how a writing answer ended, with its narrowed sources, in one transaction.

        An answer that has ended already stays as it is.
        """
        with self._db.write() as connection:
            changed = connection.execute(
                """
                UPDATE messages SET state = ?, text = ?, raw = ?, folded = ?, problem = ?, sentences = ?,
                    provenance = ?, thinking = coalesce(nullif(?, ''), thinking), tokens = ?
                WHERE id = ? AND state = 'writing'
                """,
                (
                    ending.state,
                    storable(ending.text),
                    storable(ending.raw),
                    fold(ending.text),
                    storable(ending.problem),
                    json.dumps([[s.start, s.end, list(s.sources), s.needs_support] for s in ending.sentences]),
                    json.dumps(ending.provenance),
                    storable(ending.thinking),
                    tokens_as_bytes(ending.tokens),
                    message_id,
                ),
            )
            if not changed.rowcount:
                return
            if sources is not None:
                offered = {source.n: source for source in self.sources(message_id)}
                pairs = [(offered.get(source.n, source), source) for source in sources]
                self._write_sources(connection, message_id, pairs)
            row = connection.execute("SELECT conversation_id FROM messages WHERE id = ?", (message_id,)).fetchone()
            self._touch(connection, row["conversation_id"], ending.text)

    def show(self, message_id: int) -> None:
        """Make this message the one shown at its place."""
        with self._db.write() as connection:
            row = connection.execute(
                "SELECT conversation_id, parent_id FROM messages WHERE id = ?", (message_id,)
            ).fetchone()
            self._show(connection, row["conversation_id"], row["parent_id"], message_id)

    # reading

    def branch(self, conversation_id: int) -> list[ChatMessage]:
        """The shown branch, first message first; empty for a conversation that is not there."""
        conversation = self._db.row("SELECT shown_child FROM conversations WHERE id = ?", conversation_id)
        rows = self._db.rows(
            "SELECT id, parent_id, shown_child FROM messages WHERE conversation_id = ? ORDER BY id", conversation_id
        )
        children: dict[int | None, list[sqlite3.Row]] = {}
        for row in rows:
            children.setdefault(row["parent_id"], []).append(row)
        path: list[int] = []
        here: sqlite3.Row | None = conversation
        parent: int | None = None
        while here is not None and (alternatives := children.get(parent)):
            shown = here["shown_child"]
            here = next((row for row in alternatives if row["id"] == shown), alternatives[-1])
            parent = here["id"]
            path.append(here["id"])
        places = {row["id"]: (i + 1, len(group)) for group in children.values() for i, row in enumerate(group)}
        return self._messages(path, places)

    def message(self, message_id: int) -> ChatMessage:
        """One message; raises ForgeError when it is not there."""
        siblings = self.siblings(message_id)
        if message_id not in siblings:
            raise ForgeError("This message is no longer there.", hint="Open the conversation again.")
        return self._messages([message_id], {message_id: (siblings.index(message_id) + 1, len(siblings))})[0]

    def siblings(self, message_id: int) -> list[int]:
        """The alternatives at this message's place, oldest first; empty when it is not there."""
        rows = self._db.rows(
            """
            SELECT other.id FROM messages AS me
            JOIN messages AS other ON other.conversation_id = me.conversation_id AND other.parent_id IS me.parent_id
            WHERE me.id = ? ORDER BY other.id
            """,
            message_id,
        )
        return [row["id"] for row in rows]

    def seen(self, message_id: int) -> SeenPrompt | None:
        """What the model saw for this answer, or None when it was not asked."""
        packed = self._db.value("SELECT seen FROM messages WHERE id = ?", message_id)
        if packed is None:
            return None
        values = unpack(packed)
        values["parts"] = tuple((name, tokens) for name, tokens in values["parts"])
        values["cut"] = tuple(values["cut"])
        for name in ("collections", "added"):  # not there in what was stored before there were any
            values[name] = tuple(values.get(name, ()))
        return SeenPrompt(**values)

    def question(self, answer_id: int) -> str:
        """The text of the question that this answer answers."""
        sql = "SELECT q.text FROM messages AS a JOIN messages AS q ON q.id = a.parent_id WHERE a.id = ?"
        return str(self._db.value(sql, answer_id) or "")

    def unfinished(self) -> list[int]:
        """Answers that are still marked as being written."""
        return [row["id"] for row in self._db.rows("SELECT id FROM messages WHERE state = 'writing' ORDER BY id")]

    def task(self, message_id: int) -> Task:
        """What is needed to write this answer; raises ForgeError when it or its conversation is gone."""
        answer = self.message(message_id)
        self.open_conversation(answer.conversation_id)
        path = self._db.rows(
            """
            WITH RECURSIVE up (id, parent_id) AS (
                SELECT id, parent_id FROM messages WHERE id = ?
                UNION ALL SELECT m.id, m.parent_id FROM messages AS m JOIN up ON m.id = up.parent_id
            )
            SELECT m.id, m.role, m.text, m.raw, m.turn, m.history_from, m.summary, m.tokens, m.provenance
            FROM up JOIN messages AS m ON m.id = up.id ORDER BY m.id
            """,
            answer.parent_id,
        )
        turns: list[Turn] = []
        known: list[Source] = []
        for question, said in zip(path[0:-1:2], path[1:-1:2], strict=True):
            sources = self.sources(said["id"])
            known += sources
            if said["turn"] is not None and said["raw"]:
                parts = tuple(PromptPart(text, trusted) for text, trusted in unpack(said["turn"]))
                facts = json.loads(said["provenance"])
                model, remote = facts.get("model_sha256") or "", bool(facts.get("endpoint"))
                tokens = tokens_of(said["tokens"])
                turns.append(
                    Turn(question["id"], said["id"], parts, said["raw"], tuple(sources), tokens, model, remote)
                )
        kept = [row["history_from"] for row in path if row["history_from"] is not None]
        summed = [(row["summary"], row["history_from"]) for row in path if row["summary"]]
        return Task(
            message_id,
            path[-1]["id"],
            answer.conversation_id,
            self.uids([answer.conversation_id])[0],
            path[-1]["text"],
            answer.grounding,
            tuple(row["text"] for row in path[:-1] if row["role"] == "user"),
            tuple(turns),
            tuple(known),
            kept[-1] if kept else 0,
            answer.siblings,
            answer.collections,
            self._db.value("SELECT key FROM mark_key"),
            *(summed[-1] if summed else ()),
        )

    def sources(self, message_id: int, *, whole: bool = True) -> list[Source]:
        """The passages offered for an answer; with `whole`, start, end and quote are those of the whole passage."""
        rows = self._db.rows("SELECT * FROM sources WHERE message_id = ? ORDER BY n", message_id)
        return [source_of(row, whole=whole) for row in rows]

    def last_asked(self, conversation_id: int) -> Asked | None:
        """How the newest question of a conversation was asked; None before the first one."""
        row = self._db.row(
            "SELECT grounding, collections FROM messages WHERE conversation_id = ? AND role = 'user'"
            " ORDER BY id DESC LIMIT 1",
            conversation_id,
        )
        return None if row is None else Asked(row["grounding"], tuple(json.loads(row["collections"])))

    def export_conversations(self) -> Iterator[dict[str, object]]:
        """Every conversation as plain values, oldest first."""
        for row in self._db.rows(
            "SELECT uid, title, created, updated, options FROM conversations WHERE deleted IS NULL ORDER BY id"
        ):
            yield {**dict(row), "options": sound(read_layer(row["options"]))}

    def export_messages(self) -> Iterator[dict[str, object]]:
        """Every message of every branch as plain values, oldest first, with the sources an answer was offered."""
        ids = self._db.rows(
            """
            SELECT m.id, m.uid, parent.uid AS parent, c.uid AS conversation FROM messages AS m
            JOIN conversations AS c ON c.id = m.conversation_id
            LEFT JOIN messages AS parent ON parent.id = m.parent_id
            WHERE c.deleted IS NULL ORDER BY m.id
            """
        )
        for row in ids:
            message = self._messages([row["id"]], {row["id"]: (1, 1)})[0]
            yield {
                "uid": row["uid"],
                "conversation": row["conversation"],
                "parent": row["parent"],
                "role": message.role,
                "text": message.text,
                "state": message.state,
                "problem": message.problem,
                "created": message.created,
                "grounding": message.grounding,
                "collections": list(message.collections),
                "sentences": [vars(sentence) for sentence in message.sentences],
                "sources": [_exported(source) for source in message.sources],
                "provenance": message.provenance,
                "thinking": message.thinking,
                "summary": message.summary,
            }

    # inside

    def _insert(
        self,
        connection: sqlite3.Connection,
        conversation_id: int,
        parent_id: int | None,
        text: str,
        asked: Asked,
        *,
        answer: bool,
    ) -> int:
        cursor = connection.execute(
            """
            INSERT INTO messages
                (uid, conversation_id, parent_id, role, text, folded, state, created, grounding, collections)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            (
                str(uuid.uuid4()),
                conversation_id,
                parent_id,
                "assistant" if answer else "user",
                text,
                fold(text),
                "writing" if answer else "complete",
                self._clock(),
                asked.grounding,
                json.dumps(asked.collections),
            ),
        )
        message_id = int(cursor.lastrowid or 0)
        self._show(connection, conversation_id, parent_id, message_id)
        return message_id

    def _show(
        self, connection: sqlite3.Connection, conversation_id: int, parent_id: int | None, message_id: int
    ) -> None:
        table, row_id = ("conversations", conversation_id) if parent_id is None else ("messages", parent_id)
        connection.execute(f"UPDATE {table} SET shown_child = ? WHERE id = ?", (message_id, row_id))

    def _touch(self, connection: sqlite3.Connection, conversation_id: int, text: str) -> None:
        snippet = " ".join(text[: 2 * _SNIPPET].split())[:_SNIPPET]
        connection.execute(
            "UPDATE conversations SET updated = ?, snippet = CASE ? WHEN '' THEN snippet ELSE ? END WHERE id = ?",
            (self._clock(), snippet, storable(snippet), conversation_id),
        )

    def _write_sources(
        self, connection: sqlite3.Connection, message_id: int, sources: Sequence[tuple[Source, Source]]
    ) -> None:
        """Store sources: each as the student read it, and what of it supports the answer (else what was found)."""
        connection.execute("DELETE FROM sources WHERE message_id = ?", (message_id,))
        connection.executemany(
            f"INSERT INTO sources VALUES ({', '.join('?' * 19)})",
            (source_row(message_id, whole, shown if shown.cited else found_part(whole)) for whole, shown in sources),
        )

    def _messages(self, ids: Sequence[int], places: dict[int, tuple[int, int]]) -> list[ChatMessage]:
        wanted = json.dumps(list(ids))
        sources: dict[int, list[Source]] = {}
        for row in self._db.rows(
            "SELECT * FROM sources WHERE message_id IN (SELECT value FROM json_each(?)) ORDER BY message_id, n", wanted
        ):
            sources.setdefault(row["message_id"], []).append(source_of(row, whole=False))
        rows = self._db.rows(f"SELECT {_MESSAGE} FROM messages WHERE id IN (SELECT value FROM json_each(?))", wanted)
        found = {row["id"]: message_of(row, places[row["id"]], sources.get(row["id"], [])) for row in rows}
        return [found[message_id] for message_id in ids if message_id in found]


def _exported(source: Source) -> dict[str, object]:
    """A source without the ids that hold only in this database."""
    values = dataclasses.asdict(source)
    for part in (values, *values["parts"]):
        del part["passage_id"]
    return values


def _on_one_line(excerpt: str, *, cut: bool) -> str:
    return ("…" if cut else "") + " ".join(excerpt.split())
