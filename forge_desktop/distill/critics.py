"""Who criticises drafts in a call of their own: teachers for that alone, which another one then answers after."""

from __future__ import annotations

from forge_desktop.distill.records_runs import RunWish
from forge_desktop.providers.records import Endpoint
from forge_desktop.providers.router import Router


def critics(router: Router, wish: RunWish) -> tuple[Endpoint, ...]:
    """Those with the role critique that do not answer, first the first to be asked; none where a task has one call."""
    if wish.max_turns < 2:
        return ()
    order, _ = router.order("critique", wish.teachers)
    return tuple(each for each in order if "answer" not in each.roles)
