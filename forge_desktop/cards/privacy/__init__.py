"""Finds what is private in cards, and hides it where a card leaves."""
