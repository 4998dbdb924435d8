"""Bases, endpoints and, later, the versions made from them: which student answers."""

from forge_desktop.students.layouts import Plan, PlanLine, PlanWish
from forge_desktop.students.records import RemoteChoice, Student
from forge_desktop.students.students import Students

__all__ = [
    "Plan",
    "PlanLine",
    "PlanWish",
    "RemoteChoice",
    "Student",
    "Students",
]
