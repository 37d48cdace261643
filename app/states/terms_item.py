"""Terms as pages show them, and what a person accepts of them in a form."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict

from app.domain.access import Actor
from app.domain.panels import PanelDetail
from app.domain.submission_checks import terms_to_accept
from app.domain.terms import Terms, current_terms
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


def grouped(terms: Sequence[Terms], known: Mapping[str, datetime]) -> list[TermsItem]:
    """One item for the panels of a service with the very same terms.

    Those that the reader accepted (`known`) and those that are to be accepted stay apart.
    """
    alike: dict[tuple[object, ...], list[Terms]] = {}
    for one in terms:
        alike.setdefault((*one.wording, one.ref in known), []).append(one)
    return [_together(group, known.get(group[0].ref)) for group in alike.values()]


async def accepted_of(actor: Actor, terms: Sequence[Terms]) -> dict[str, datetime]:
    """Which of these the actor accepted, by their refs, and when."""
    refs = [one.ref for one in terms]
    return await call(db.USERS, accepted, actor=actor, terms_refs=refs) if refs else {}


async def terms_asked(actor: Actor, panels: Sequence[PanelDetail]) -> list[TermsItem]:
    """The terms that the actor must still accept before submitting to these panels.

    Panels of a service with the very same terms are asked about together.
    """
    known = await accepted_of(actor, terms_to_accept(panels, ()))
    return grouped(terms_to_accept(panels, known), {})


async def accept_ticked(
    actor: Actor, panels: Sequence[PanelDetail], form: Mapping[str, Any]
) -> Collection[str]:
    """Accept those terms of the panels that are ticked in the form; return all that are accepted.

    What is ticked is accepted for every panel of the service with the very same terms. What the
    form ticks besides is not asked for, and left alone.
    """
    asked = terms_to_accept(panels, ())
    wordings = {one.wording for one in asked if form.get(TICK + one.ref) == "on"}
    for service_ref in {wording[0] for wording in wordings}:
        found = await call(db.REGISTRY, current_terms, actor=actor, service_ref=service_ref)
        alike = [one for one in found if one.wording in wordings]
        await call(db.USERS, accept, actor=actor, terms=alike)
    return [*await accepted_of(actor, asked)]


def _together(group: Sequence[Terms], accepted_at: datetime | None) -> TermsItem:
    """One item for terms that say the same: that of the first, with the names of all."""
    first = group[0]
    item = terms_item(first, accepted_at)
    if all(one.panel_ref for one in group):
        names = ", ".join(one.panel_name for one in group)
        item["title"] = f"{names} at {first.service_name}"
    item["version"] = ", ".join(sorted({str(one.version) for one in group}, key=int))
    return item
