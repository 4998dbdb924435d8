"""The SQL of the privacy scan: which findings of a card a person wants shown."""

from __future__ import annotations

from forge_desktop.storage import Database


class RevealStore:
    """Reads and writes the table `card_reveals`."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def of(self, card: str) -> frozenset[str]:
        """The findings that are shown."""
        return frozenset(row[0] for row in self._db.rows("SELECT finding FROM card_reveals WHERE card = ?", card))

    def put(self, card: str, finding: str, shown: bool) -> None:
        """Show a finding, or hide it again. A card that is not there is left alone."""
        with self._db.write() as connection:
            if shown:
                connection.execute(
                    "INSERT OR IGNORE INTO card_reveals (card, finding) SELECT uid, ? FROM cards WHERE uid = ?",
                    (finding, card),
                )
            else:
                connection.execute("DELETE FROM card_reveals WHERE card = ? AND finding = ?", (card, finding))
