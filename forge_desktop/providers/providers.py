"""The room's face: endpoints, prices, keys, the ledger and the router, and the calls that go through all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from forge_desktop.base.errors import ForgeError
from forge_desktop.base.events import Events
from forge_desktop.base.settings import SettingsFile
from forge_desktop.providers.records import ChatRequest, EndpointTest, PaidAnswer, Purpose, Role
from forge_desktop.storage import Database


def _nothing(*_: object) -> None:
    """Where nobody listens."""


class Providers:
    """Whatever leaves this machine leaves here, reserved in the ledger before it does."""

    endpoints: Any
    prices: Any
    keys: Any
    router: Any
    ledger: Any
    batches: Any

    def __init__(
        self,
        db: Database,
        events: Events,
        settings: SettingsFile,
        data_dir: Path,
        *,
        clock: Any = None,
        read_only: bool = False,
    ) -> None:
        self._settings = settings

    def ask(
        self,
        endpoint: str,
        request: ChatRequest,
        purpose: Purpose,
        *,
        on_text: Callable[[str], None] = _nothing,
        on_thinking: Callable[[str], None] = _nothing,
        check: Callable[[], None] = _nothing,
        seconds: float = 120.0,
    ) -> PaidAnswer:
        """The answer of an endpoint (its uid or name): one that was paid before, else one HTTP attempt, once.

        `check` is called at least every 100 ms and stops the call by raising. Raises CallFailed, CapReached, Offline,
        LedgerStopped, or ForgeError where there is no price or no key.
        """
        raise ForgeError("Endpoints cannot be asked yet.")

    def found(self, endpoint: str, request: ChatRequest, purpose: Purpose) -> PaidAnswer | None:
        """The answer that `ask` would give without paying, or None."""
        return None

    def worst(self, endpoint: str, request: ChatRequest) -> int:
        """What a call can cost at most: what would be reserved. Raises ForgeError without a price."""
        raise ForgeError("Endpoints cannot be asked yet.")

    def body_bytes(self, endpoint: str, request: ChatRequest) -> int:
        """How many bytes of a request's body would leave."""
        raise ForgeError("Endpoints cannot be asked yet.")

    def teach(
        self,
        role: Role,
        request: ChatRequest,
        purpose: Purpose,
        *,
        among: Sequence[str] = (),
        check: Callable[[], None] = _nothing,
        seconds: float = 120.0,
    ) -> PaidAnswer:
        """The answer of the first teacher with this role that gives one, in the router's order."""
        raise ForgeError("Endpoints cannot be asked yet.")

    def embed(
        self, endpoint: str, texts: Sequence[str], purpose: Purpose, *, check: Callable[[], None] = _nothing
    ) -> tuple[tuple[float, ...], ...]:
        """A vector for each text, of an endpoint's `/embeddings`, through the same ledger."""
        raise ForgeError("Endpoints cannot be asked yet.")

    def test(self, endpoint: str) -> EndpointTest:
        """Ask an endpoint one tiny question, paid through the ledger, and say how it went."""
        raise ForgeError("Endpoints cannot be asked yet.")

    def may_connect(self, host: str) -> None:
        """Raise Offline where the switch is on."""

    def close(self) -> None:
        """Close every connection and the ledger. Safe to call twice."""
