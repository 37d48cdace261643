"""Pages that change by themselves: a watcher per tab re-runs the page's `on_load`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import reflex as rx

from app.domain.access import Actor
from app.states.guard import authorised, guarded
from app.states.hub import Subscription, hub
from app.states.route import route_argument
from models import db

# Several changes in a row (a job's status, its logs, its results) become one reload.
SETTLE_SECONDS = 0.25
SWEEP_SECONDS = 60.0


@dataclass(frozen=True)
class LivePage:
    """What a page shows: tables, or the row of one that the URL's argument `param` names.

    `reload` is the event that reads it again; `own` is the permission with which a viewer sees
    everybody's rows, where the table has owners.
    """

    tables: frozenset[str]
    param: str
    reload: Any
    own: str = ""


LIVE_PAGES: dict[str, LivePage] = {}


class LiveState(rx.State):
    """The tab's watcher."""

    @guarded("", background=True)
    async def follow(self, actor: Actor, page: str) -> AsyncIterator[Any]:
        """Re-run the page's load whenever something that it shows has changed."""
        live = LIVE_PAGES.get(str(page))
        if live is None:
            return
        tab = self.router.session.client_token
        subscription = Subscription(
            tables=live.tables,
            ref=route_argument(self, live.param) if live.param else "",
            owner_ref="" if not live.own or live.own in actor.permissions else actor.user_ref,
        )
        with hub.subscribed(tab, subscription):
            while True:
                await subscription.woken.wait()
                await asyncio.sleep(SETTLE_SECONDS)
                subscription.woken.clear()
                if subscription.ended or not is_connected(tab):
                    return
                # Where sessions cannot be checked, the load says so, and refuses by itself.
                with suppress(*db.UNAVAILABLE):
                    await authorised(self, "")
                yield live.reload


def is_connected(tab: str) -> bool:
    """Tell whether a tab still has its socket; a closed tab's watcher must end."""
    from reflex_base.registry import RegistrationContext

    namespace = RegistrationContext.ensure_context().app.event_namespace
    return namespace is not None and tab in namespace.token_to_sid


async def sweep_closed_tabs() -> None:
    """End the watchers of closed tabs now and then, for pages on which nothing changes."""
    while True:
        await asyncio.sleep(SWEEP_SECONDS)
        for tab in hub.tabs():
            if not is_connected(tab):
                hub.end(tab)
