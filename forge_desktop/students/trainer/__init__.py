"""The trainer: plain source for an interpreter that has torch; imports nothing but what goes along with it."""
