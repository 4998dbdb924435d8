"""Lessons from teachers: tasks, drafts, critiques, pairs with their evidence, under a cap."""

from forge_desktop.distill.distill import Distill

__all__ = ["Distill"]
