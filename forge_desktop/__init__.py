"""Forge Desktop: ask your own documents with a local student, and make that student better."""

__version__ = "0.1.0"
