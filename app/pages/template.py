"""The frame around every page, and the decorator that makes a page.

@page("/jobs", title="Jobs", on_load=JobsState.load, live="jobs", own="job:read:any")
def jobs() -> rx.Component: ...
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import reflex as rx

from app.components.frame import notice, skeleton
from app.pages.navigation import drawer, sidebar
from app.states.live import LIVE_PAGES, LivePage, LiveState
from app.states.outages import OutageState
from app.states.session import SessionState

PRODUCT = "Federated Genomic Imputation Platform"
RETRY_MS = 5000


@dataclass(frozen=True)
class Page:
    """A page to be added to the app."""

    route: str
    title: str
    build: Callable[[], rx.Component]
    on_load: list[Any]


PAGES: list[Page] = []


def page(
    route: str,
    *,
    title: str,
    on_load: Any = None,
    live: str | list[str] | tuple[str | list[str], str] = "",
    reload: Any = None,
    own: str = "",
) -> Callable[[Callable[[], rx.Component]], Callable[[], rx.Component]]:
    """Register a page for signed-in people, inside the frame.

    `on_load` is one guarded handler, or a list of them. `live` names the table (or a list of
    tables) whose changes run them again, or such with the URL argument that holds their row's ref.
    `reload` is what runs instead: a handler, a list of them, or such per table. `own` is the
    permission with which a viewer is shown everybody's rows; without it only changes of their own
    rows wake the page.
    """

    def register(content: Callable[[], rx.Component]) -> Callable[[], rx.Component]:
        handlers = _listed(on_load)
        loads: list[Any] = [SessionState.load(), *[handler() for handler in handlers]]
        if live:
            table, param = live if isinstance(live, tuple) else (live, "")
            again = reload if isinstance(reload, dict) else dict.fromkeys(_listed(table), reload)
            reloads = {name: _listed(one) or handlers for name, one in again.items()}
            LIVE_PAGES[route] = LivePage(reloads=reloads, param=param, own=own)
            loads.append(LiveState.follow(route))
        build = functools.wraps(content)(lambda: framed(content(), title=title, loads=loads))
        PAGES.append(Page(route, f"{title} · {PRODUCT}", build, loads))
        return content

    return register


def _listed(given: Any) -> list[Any]:
    """One or several of them as a list, and none as an empty one."""
    return given if isinstance(given, list) else [given] if given else []


def public_page(
    route: str, *, title: str, on_load: Any = None
) -> Callable[[Callable[[], rx.Component]], Callable[[], rx.Component]]:
    """Register a page for people who are not signed in, without the frame."""

    def register(content: Callable[[], rx.Component]) -> Callable[[], rx.Component]:
        loads = [on_load()] if on_load is not None else []
        build = functools.wraps(content)(lambda: bare(content(), loads=loads))
        PAGES.append(Page(route, f"{title} · {PRODUCT}", build, loads))
        return content

    return register


def framed(content: rx.Component, *, title: str, loads: list[Any]) -> rx.Component:
    """Put a page's content beside the sidebar; nothing of it shows before the session is known."""
    return rx.el.div(
        # The browser's own way: the page's router would move no focus.
        rx.el.a("Skip to content", href="#main", reload_document=True, class_name="skip-link"),
        drawer(),
        sidebar(),
        rx.el.main(
            rx.cond(
                OutageState.notices,
                # The title of a page that cannot show even its own.
                rx.heading(title, as_="h1", size="6", trim="both", class_name="outage-title"),
            ),
            _outages(loads),
            rx.cond(SessionState.is_ready, content, skeleton()),
            id="main",
            tab_index=-1,
            class_name=rx.cond(OutageState.notices, "content has-outage", "content"),
        ),
        class_name="frame",
    )


def bare(content: rx.Component, *, loads: list[Any]) -> rx.Component:
    """Put a card in the middle of an otherwise empty page."""
    return rx.el.main(
        rx.card(
            rx.el.div(_outages(loads), content, class_name="stack"),
            size="4",
            width="100%",
            max_width="420px",
        ),
        class_name="bare",
    )


def _outages(loads: list[Any]) -> rx.Component:
    """Say what the page misses, and load it again every few seconds while it does."""
    again = rx.moment(interval=RETRY_MS, format="HH:mm:ss", on_change=loads, display="none")
    told = rx.foreach(
        OutageState.notices, lambda text: notice(text, color="amber", icon="plug-zap")
    )
    return rx.cond(
        OutageState.notices,
        rx.el.div(told, again if loads else rx.fragment(), class_name="outages"),
    )
