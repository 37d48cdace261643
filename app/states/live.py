"""Pages that change by themselves: a watcher per tab runs the page's load again."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import reflex as rx

from app.domain.access import Actor
from app.domain.errors import NotSignedIn
from app.states.guard import guarded, session_token
from app.states.hub import Subscription, hub
from app.states.mishap import tell_of_mishap
from app.states.route import route_argument

# Changes in a row (a job's status, its logs, its results) reload a page at most this often.
SETTLE_SECONDS = 0.25
SWEEP_SECONDS = 60.0


@dataclass(frozen=True)
class LivePage:
    """What a page shows: tables, or the row of one that the URL's argument `param` names.

    `reloads` are the guarded handlers that read it again when a table has changed; `own` is the
    permission with which a viewer sees everybody's rows, where the table has owners.
    """

    reloads: Mapping[str, Sequence[Any]]
    param: str
    own: str = ""

    def reloads_for(self, tables: Collection[str]) -> Sequence[Any]:
        """The handlers to run when these tables have changed, each once."""
        return list(dict.fromkeys(one for table in tables for one in self.reloads[table]))


LIVE_PAGES: dict[str, LivePage] = {}


class LiveState(rx.State):
    """The tab's watcher."""

    @guarded("", background=True)
    async def follow(self, actor: Actor, page: str) -> AsyncIterator[Any]:
        """Run the page's load again whenever something that it shows has changed."""
        live = LIVE_PAGES.get(str(page))
        if live is None:
            return
        tab = self.router.session.client_token
        mine = session_token(self)
        subscription = Subscription(
            tables=frozenset(live.reloads),
            ref=route_argument(self, live.param) if live.param else "",
            owner_ref="" if not live.own or live.own in actor.permissions else actor.user_ref,
        )
        with hub.subscribed(tab, subscription):
            for table in hub.just_changed(subscription.tables):
                subscription.wake(table)
            while True:
                changed = await subscription.changes()
                if subscription.ended or not is_connected(tab):
                    return
                async with self:
                    # What another session has left open is not for this one.
                    if session_token(self) != mine:
                        return
                    then = [await self._load_again(one) for one in live.reloads_for(changed)]
                for events in filter(None, then):
                    yield events
                # The first change is shown at once; those that follow it closely come together.
                await asyncio.sleep(SETTLE_SECONDS)

    async def _load_again(self, handler: Any) -> Any:
        """Run a guarded load; return what it wants to happen next. Raises `NotSignedIn`."""
        try:
            return await handler.fn.__attempt__(await self.get_state(handler.state))
        except NotSignedIn:
            raise
        except Exception as error:
            return tell_of_mishap(error)


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
