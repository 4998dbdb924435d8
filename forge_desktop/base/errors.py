"""The exceptions that are not bugs: a sentence for the user, also about one field, and a stop the user asked for."""

from __future__ import annotations

from collections.abc import Sequence

from forge_desktop.base.redacting import without_known


class ForgeError(Exception):
    """An expected failure, worded for the user.

    `message` says what happened and why in one sentence; `hint` says what to do next. The window shows it as a banner
    in the pane that asked, the command line as one line on stderr with exit status 1, so both sentences are true in
    either; where a command does what the hint says, it stands in `commands` ("card list"), and the command line adds
    it. `code` names the kind where a room has a table of them, and `action` where the window can bring the person: see
    engine/errors.py. No key that this process knows stands in either sentence, whoever worded it.
    """

    def __init__(
        self, message: str, *, hint: str = "", code: str = "", action: str = "", commands: Sequence[str] = ()
    ) -> None:
        message, hint = without_known(message), without_known(hint)
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code
        self.action = action
        self.commands = tuple(commands)


class FieldError(ForgeError):
    """A value that cannot be kept; `field` names the field of the form it was typed into."""

    def __init__(self, field: str, error: ForgeError) -> None:
        super().__init__(error.message, hint=error.hint, commands=error.commands)
        self.field = field


class Cancelled(Exception):  # noqa: N818 - not an error: the user asked for it
    """The user asked a job to stop. Never shown."""
