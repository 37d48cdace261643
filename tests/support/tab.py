"""A tab's state as the web process holds it, for tests that call handlers themselves."""

import inspect
from typing import Any, TypeVar
from urllib.parse import urlencode

import reflex as rx

S = TypeVar("S", bound=rx.State)


def tab_at(state: type[S], path: str, cookies: dict[str, str], **query: str) -> S:
    """A fresh tab at an address, as a browser with these cookies would have it."""
    root = rx.State(_reflex_internal_init=True)  # type: ignore[call-arg]
    cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
    address = f"{path}?{urlencode(query)}" if query else path
    root.router_data = root._update_router_vars(
        {
            "headers": {"cookie": cookie, "origin": "http://127.0.0.1"},
            "pathname": path,
            "asPath": address,
            "query": query,
            "token": "tab",
        },
        {},
    )
    tab: Any = root.get_substate(state.get_full_name().split("."))
    root._clean()
    return tab


async def send(tab: rx.State, name: str, *arguments: Any) -> str:
    """Call a handler of a tab; return what it told the browser to do."""
    called = type(tab).event_handlers[name].fn(tab, *arguments)
    if inspect.isasyncgen(called):
        return str([event async for event in called if event is not None])
    return str(await called)
