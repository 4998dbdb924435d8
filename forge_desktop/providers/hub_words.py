"""What a hub's refusals mean, in sentences."""

from __future__ import annotations

import contextlib
import urllib.parse
from collections.abc import Iterator
from typing import Any

from forge_desktop.base.errors import ForgeError
from forge_desktop.providers.http import BrokenError, UnsentError

_TOKEN = (
    "Open its page, agree there, then give an access token of your account (forge-desktop models --token-env NAME)."
)
_LATER = "Try again later; what has come already is kept."


@contextlib.contextmanager
def worded(endpoint: str, repository: str = "", file: str = "") -> Iterator[None]:
    """Whatever goes wrong inside comes out as a ForgeError about this repository, or this file of it."""
    from huggingface_hub import errors

    host = urllib.parse.urlsplit(endpoint).hostname or endpoint
    try:
        yield
    except errors.HFValidationError as error:
        raise ForgeError(
            f"{repository!r} is no name of a repository.", hint="Write it as owner/name, as on its page."
        ) from error
    except errors.HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else 0
        after = error.response.headers.get("retry-after", "") if error.response is not None else ""
        raise refused(host, _kind(error, errors, status), repository, file, after) from error
    except UnsentError as error:
        raise ForgeError(f"{host} could not be asked: {error}.", hint=error.hint) from error
    except BrokenError as error:
        raise ForgeError(f"{host} was asked, and {error}.", hint="Try again in a moment.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ForgeError(
            f"What {host} answered is not what a hub of models answers.",
            hint="Check the hub's address under Settings › Network.",
        ) from error


def _kind(error: Exception, errors: Any, status: int) -> int | str:
    """The status, or a word where the hub says more than that."""
    if isinstance(error, errors.GatedRepoError):
        return "gated"
    if isinstance(error, errors.DisabledRepoError):
        return "disabled"
    if isinstance(error, errors.RevisionNotFoundError | errors.RemoteEntryNotFoundError):
        return "no file"
    return "no repository" if isinstance(error, errors.RepositoryNotFoundError) else status


def refused(host: str, kind: int | str, repository: str, file: str = "", after: str = "") -> ForgeError:
    """The sentence on a refusal by its status or kind."""
    what = repository or "the search"
    if kind == "gated":
        return gated(repository)
    if kind == "disabled":
        return ForgeError(f"{host} has closed {what}.", hint="Choose another repository.")
    if kind == "no file":
        return ForgeError(f"{what} has no file {file or 'of this name'} any more.", hint="Look at its files again.")
    if kind in ("no repository", 404):
        return ForgeError(
            f"{host} knows no {what}, or it is private.",
            hint="Check the spelling, owner/name; for a private one give an access token.",
        )
    if kind in (401, 403):
        return ForgeError(
            f"{host} refused access to {what} (status {kind}).", hint="Check the access token, or give one."
        )
    if kind == 429:
        wait = f" It asks to wait {after} seconds." if after.isdigit() else ""
        return ForgeError(f"{host} was asked too often.{wait}", hint=_LATER)
    if isinstance(kind, int) and kind >= 500:
        return ForgeError(f"{host} has a trouble of its own (status {kind}).", hint=_LATER)
    return ForgeError(
        f"{host} refused {what} (status {kind}).", hint="Check the hub's address under Settings › Network."
    )


def gated(repository: str) -> ForgeError:
    """The sentence on a repository whose owner asks for agreement first."""
    return ForgeError(f"{repository} is gated: its owner wants you to agree to its terms first.", hint=_TOKEN)
