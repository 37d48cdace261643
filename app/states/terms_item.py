"""Terms as pages show them, and what a person accepts of them in a form."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict

from app.domain.access import Actor
from app.domain.panels import PanelDetail
from app.domain.submission_checks import terms_to_accept
from app.domain.terms import Terms
from app.domain.terms_acceptances import accept, accepted
from app.states.calls import call
from app.states.service_item import iso
from models import db

# Before the ref of the terms in the name of their check box.
TICK = "terms-"


class TermsItem(TypedDict):
    """A version of terms; `accepted_at` is when the reader accepted it, empty if never."""

    ref: str
    title: str
    version: str
    text: str
    url: str
    since: str
    by: str
    is_in_force: bool
    accepted_at: str


def terms_item(terms: Terms, accepted_at: datetime | None = None) -> TermsItem:
    """Make the texts of a version of terms."""
    return TermsItem(
        ref=terms.ref,
        title=terms.title,
        version=str(terms.version),
        text=terms.text,
        url=terms.url,
        since=iso(terms.created_at),
        by=terms.created_by_name,
        is_in_force=terms.is_in_force,
        accepted_at=iso(accepted_at),
    )


async def accepted_of(actor: Actor, terms: Sequence[Terms]) -> dict[str, datetime]:
    """Which of these the actor accepted, by their refs, and when."""
    refs = [one.ref for one in terms]
    return await call(db.USERS, accepted, actor=actor, terms_refs=refs) if refs else {}


async def terms_asked(actor: Actor, panels: Sequence[PanelDetail]) -> list[TermsItem]:
    """The terms that the actor must still accept before submitting to these panels."""
    known = await accepted_of(actor, terms_to_accept(panels, ()))
    return [terms_item(one) for one in terms_to_accept(panels, known)]


async def accept_ticked(
    actor: Actor, panels: Sequence[PanelDetail], form: Mapping[str, Any]
) -> Collection[str]:
    """Accept those terms of the panels that are ticked in the form; return all that are accepted.

    What the form ticks besides is not asked for, and left alone.
    """
    asked = terms_to_accept(panels, ())
    ticked = [one for one in asked if form.get(TICK + one.ref) == "on"]
    if ticked:
        await call(db.USERS, accept, actor=actor, terms=ticked)
    return [*await accepted_of(actor, asked)]
