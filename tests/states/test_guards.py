"""Every event handler refuses nobody, the wrong role, and everybody else's things.

The handlers are found in Reflex's own register, so a new one cannot be forgotten.
"""

import asyncio
import inspect
import re
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
import reflex as rx
from reflex_base.registry import RegisteredEventHandler, RegistrationContext
from sqlmodel import select

import app.app  # noqa: F401  (registers every page)
from app.domain import datasets
from app.pages.template import PAGES
from models import db
from models.base import now
from models.files import DownloadKey, StoredContent, StoredFile
from models.jobs import Job, JobLog, JobResult, Submission
from models.notifications import Notification
from models.platform import AuditEntry
from models.users import Role
from tests.support.people import sign_in
from tests.support.submitting import actor, panel, submit_one

pytestmark = pytest.mark.usefixtures("databases")

# Reflex's own, and what a visitor needs before signing in. Knowing a set-up token is a permission.
PUBLIC = {"app.pages.setup.SetupState.load", "app.pages.sign_in.SignInState.load"}


def handlers() -> dict[str, RegisteredEventHandler]:
    """Return our handlers by the name of their function."""
    registered = RegistrationContext.ensure_context().event_handlers.values()
    return {
        f"{entry.handler.fn.__module__}.{entry.handler.fn.__qualname__}": entry
        for entry in registered
        if entry.handler.fn.__module__.startswith("app.")
    }


# It wakes a page and carries nothing; it returns only when the tab is closed.
WITHOUT_OBJECTS = {"app.states.live.LiveState.follow"}
# The arguments of our routes, such as `job_ref` of /jobs/[job_ref].
ROUTE_ARGUMENTS = sorted({name for p in PAGES for name in re.findall(r"\[(\w+)\]", p.route)})
# What a page reads behind the question mark of its address.
QUERY_ARGUMENTS = ["dataset", "resubmit"]

GUARDED = sorted(set(handlers()) - PUBLIC)


def tab_of(entry: RegisteredEventHandler, cookies: dict[str, str], **query: str) -> rx.State:
    """Return a fresh tab's state for a handler, as a browser with these cookies would have it."""
    root = rx.State(_reflex_internal_init=True)  # type: ignore[call-arg]
    cookie = "; ".join(f"{name}={value}" for name, value in cookies.items())
    root.router_data = root._update_router_vars(
        {
            "headers": {"cookie": cookie, "origin": "http://127.0.0.1"},
            "pathname": "/",
            "asPath": f"/?{urlencode(query)}",
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


def test_what_one_event_does_bears_one_reference_in_the_audit_log_and_another_event_another() -> (
    None
):
    entry = handlers()["app.pages.admin_status.StatusPageState.show_to_visitors"]
    _, cookies = sign_in("ada", role="administrator")
    for is_open in (True, False):
        asyncio.run(outcome(entry, tab_of(entry, cookies), is_open))
    with db.session(db.PLATFORM) as session:
        first, second = session.exec(select(AuditEntry).order_by("id")).all()
    assert first.correlation_ref and second.correlation_ref
    assert first.correlation_ref != second.correlation_ref
    assert first.client_agent == "test"


class Everywhere(dict[str, Any]):
    """A form whose every field holds the same value."""

    def __init__(self, value: str) -> None:
        super().__init__(name=value)
        self._value = value

    def get(self, key: str, default: Any = None) -> Any:
        return self._value

    def __getitem__(self, key: str) -> Any:
        return self._value


def things_of(owner_ref: str) -> list[str]:
    """Make one of each thing that has an owner; return their refs. Each bears the word CANARY."""
    owner = actor("CANARY person")
    owner = replace(owner, user_ref=owner_ref)
    job_ref = submit_one("CANARY job", owner=owner, chosen=panel("CANARY panel"))
    with db.session(db.JOBS) as session:
        submission = session.exec(select(Submission)).one()
        job_id = session.exec(select(Job.id)).one()
        session.add(JobLog(job_id=job_id, name="CANARY log", text="CANARY text"))
        session.add(JobResult(job_id=job_id, name="CANARY result"))
        refs = [job_ref, submission.ref]
    with db.session(db.FILES) as session:
        session.add(StoredContent(sha256="0" * 64, size=1))
        session.flush()
        result = StoredFile(
            owner_ref=owner_ref,
            kind="result",
            name="CANARY file",
            sha256="0" * 64,
            size=1,
            job_ref=job_ref,
            kept_until=now(),
        )
        key = DownloadKey(key_hash="CANARY", job_ref=job_ref, owner_ref=owner_ref)
        session.add(result)
        session.add(key)
        refs += [result.ref, key.ref]
        refs.append(datasets.create_dataset(session, actor=owner, name="CANARY dataset"))
    with db.session(db.NOTIFICATIONS) as session:
        told = Notification(
            event_ref="e", user_ref=owner_ref, topic="job.completed", title="CANARY title"
        )
        session.add(told)
        session.flush()
        refs.append(told.ref)
    return refs


def what_rosa_has() -> str:
    """Return every stored row that bears the word CANARY."""
    dump = []
    for name in (db.JOBS, db.FILES, db.NOTIFICATIONS):
        with db.engine(name).connect() as connection:
            for table in db.BASES[name].metadata.sorted_tables:
                rows = [str(row) for row in connection.execute(table.select())]
                dump += [row for row in rows if "CANARY" in row]
    return "\n".join(sorted(dump))


@pytest.mark.parametrize("name", [n for n in GUARDED if n not in WITHOUT_OBJECTS])
def test_a_handler_neither_shows_nor_changes_what_is_somebody_elses(name: str) -> None:
    owner_ref, _ = sign_in("rosa")
    refs = things_of(owner_ref)
    before = what_rosa_has()
    _, cookies = sign_in("eve")
    entry = handlers()[name]
    for ref in refs:
        query = dict.fromkeys([*ROUTE_ARGUMENTS, *QUERY_ARGUMENTS], ref)
        for value in (ref, Everywhere(ref)):
            tab = tab_of(entry, cookies, **query)
            said = asyncio.run(outcome(entry, tab, value))
            assert "CANARY" not in said
            assert "CANARY" not in str(tab.dict())
    assert what_rosa_has() == before
