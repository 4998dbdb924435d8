"""Lessons from teachers: tasks, drafts, critiques, pairs with evidence, quality, suites, datasets."""
