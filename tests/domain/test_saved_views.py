"""Saved views are a person's own, and at most one of a list is its default."""

from collections.abc import Callable
from typing import Any

import pytest

from app.domain import saved_views
from app.domain.access import Actor
from app.domain.errors import Conflict, Invalid, NotFound, Refused
from models import db

pytestmark = pytest.mark.usefixtures("databases")

ADA = Actor("ada", "Ada", "ada@lab.example", frozenset({"user:read"}))
EVE = Actor("eve", "Eve", "eve@lab.example", frozenset({"user:read"}))


def do(function: Callable[..., Any], *, actor: Actor = ADA, **named: Any) -> Any:
    with db.session(db.PLATFORM) as session:
        return function(session, actor=actor, **named)


def save(name: str, actor: Actor = ADA, **query: str) -> str:
    ref: str = do(saved_views.save_view, actor=actor, resource="sessions", name=name, query=query)
    return ref


def views(actor: Actor = ADA) -> dict[str, tuple[dict[str, str], bool]]:
    rows = do(saved_views.views_of, actor=actor, resource="sessions")
    return {row.name: (row.query, row.is_default) for row in rows}


def test_a_view_is_kept_renamed_replaced_and_deleted() -> None:
    ref = save("  Live   ones ", live="yes")
    assert views() == {"Live ones": ({"live": "yes"}, False)}
    do(saved_views.rename_view, ref=ref, name="Ended")
    do(saved_views.replace_view, ref=ref, query={"live": "no"})
    assert views() == {"Ended": ({"live": "no"}, False)}
    do(saved_views.delete_view, ref=ref)
    assert views() == {}


def test_one_view_of_a_list_is_its_default() -> None:
    first, second = save("First"), save("Second")
    do(saved_views.choose_default, ref=first, yes=True)
    do(saved_views.choose_default, ref=second, yes=True)
    assert {name: is_default for name, (_, is_default) in views().items()} == {
        "First": False,
        "Second": True,
    }
    do(saved_views.choose_default, ref=second, yes=False)
    assert not any(is_default for _, is_default in views().values())


def test_nobody_sees_or_changes_somebody_elses_view() -> None:
    ref = save("Mine")
    assert views(EVE) == {}
    with pytest.raises(NotFound):
        do(saved_views.rename_view, actor=EVE, ref=ref, name="Hers")
    with pytest.raises(NotFound):
        do(saved_views.delete_view, actor=EVE, ref=ref)
    with pytest.raises(NotFound):
        do(saved_views.choose_default, actor=EVE, ref=ref, yes=True)
    assert save("Mine", actor=EVE)


def test_a_name_is_needed_and_names_one_view_only() -> None:
    ref = save("Mine")
    save("Other")
    with pytest.raises(Invalid, match="name"):
        save(" ")
    with pytest.raises(Conflict, match="“Mine”"):
        save("Mine")
    with pytest.raises(Conflict, match="“Other”"):
        do(saved_views.rename_view, ref=ref, name="Other")


def test_views_of_a_list_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved_views, "MOST_VIEWS", 1)
    save("One")
    with pytest.raises(Refused, match="Delete one first"):
        save("Two")
