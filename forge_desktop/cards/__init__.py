"""Model cards: filled by measurement, written by people, honest about what is stale, readable everywhere."""
