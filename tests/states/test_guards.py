"""Every event handler refuses nobody, the wrong role, and everybody else's things.

The handlers are found in Reflex's own register, so a new one cannot be forgotten.
"""

import asyncio
import inspect
from typing import Any

import pytest
import reflex as rx
from reflex_base.registry import RegisteredEventHandler, RegistrationContext

import app.app  # noqa: F401  (registers every page)
from models import db
from models.users import Role
from tests.support.people import sign_in

pytestmark = pytest.mark.usefixtures("databases")

# Reflex's own, and what a visitor needs before signing in. Knowing a set-up token is a permission.
PUBLIC = {"app.pages.setup.SetupState.load"}


def handlers() -> dict[str, RegisteredEventHandler]:
    """Return our handlers by the name of their function."""
    registered = RegistrationContext.ensure_context().event_handlers.values()
    return {
        f"{entry.handler.fn.__module__}.{entry.handler.fn.__qualname__}": entry
        for entry in registered
        if entry.handler.fn.__module__.startswith("app.")
    }


GUARDED = sorted(set(handlers()) - PUBLIC)


def tab_of(entry: RegisteredEventHandler, cookies: dict[str, str], **query: str) -> rx.State:
    """Return a fresh tab's state for a handler, as a browser with these cookies would have it."""
    root = rx.State(_reflex_internal_init=True)  # type: ignore[call-arg]
    cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
    root.router_data = root._update_router_vars(
        {
            "headers": {"cookie": cookie, "origin": "http://127.0.0.1"},
            "pathname": "/",
            "asPath": "/",
            "query": query,
            "token": "tab",
        },
        {},
    )
    tab = root.get_substate(entry.states[0].get_full_name().split("."))
    root._clean()
    return tab


async def outcome(entry: RegisteredEventHandler, tab: rx.State, value: Any) -> str:
    """Call a handler with `value` for each argument; return what it told the browser to do."""
    names = list(inspect.signature(entry.handler.fn).parameters)[1:]
    called = entry.handler.fn(tab, **dict.fromkeys(names, value))
    if inspect.isasyncgen(called):
        return str([event async for event in called])
    return str(await called)


@pytest.mark.parametrize("name", GUARDED)
def test_a_handler_refuses_nobody(name: str) -> None:
    entry = handlers()[name]
    for cookies in ({}, {"fgip_session": "invented"}):
        tab = tab_of(entry, cookies)
        said = asyncio.run(outcome(entry, tab, "anything"))
        assert "/sign-in" in said, f"{name} did not send a stranger to the sign-in page: {said}"
        assert not tab.dirty_vars, f"{name} changed {tab.dirty_vars} for a stranger"


@pytest.mark.parametrize("name", [n for n in GUARDED if handlers()[n].handler.fn.__guarded__])
def test_a_handler_refuses_who_lacks_its_permission(name: str) -> None:
    with db.session(db.USERS) as session:
        session.add(Role(name="nothing", title="Nothing"))
    _, cookies = sign_in("noa", role="nothing")
    entry = handlers()[name]
    tab = tab_of(entry, cookies)
    said = asyncio.run(outcome(entry, tab, "anything"))
    assert "Your role does not include" in said, f"{name}: {said}"
    assert not tab.dirty_vars


def test_only_the_listed_handlers_are_public() -> None:
    unguarded = {n for n, e in handlers().items() if not hasattr(e.handler.fn, "__guarded__")}
    assert unguarded == PUBLIC


def test_no_method_can_be_reached_as_a_setter() -> None:
    """Reflex lets anybody call `set_<name>` of any state through `setvar`."""
    framework = {name for name in dir(rx.State) if name.startswith("set")}
    ours = {
        f"{state.__qualname__}.{name}"
        for entry in handlers().values()
        for state in entry.states
        for name in dir(state)
        if name.startswith("set_") and name not in framework
    }
    assert ours == set()
