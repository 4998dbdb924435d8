"""The one SQLite file: opened, checked, backed up, migrated; one writer at a time."""

from forge_desktop.storage.database import Database

__all__ = ["Database"]
