"""What the steps of a submission read: the panels to choose from, and those that are chosen."""

from collections.abc import Sequence

from app.domain import probe_schedule
from app.domain.access import Actor
from app.domain.credentials import tokens_in_use
from app.domain.panels import PanelDetail, get_panel, panels_to_choose
from app.states.access_now import access_now
from app.states.calls import call
from app.states.conformance_item import limit_texts
from app.states.limits import limits_of
from app.states.outlook import expectations
from app.states.submission_items import PanelItem, panel_item
from models import db


async def panels_offered(actor: Actor) -> list[PanelItem]:
    """Every panel in use, with what its service is known not to do and how long it may take."""
    tokens = await call(db.USERS, tokens_in_use, actor=actor)
    access = await access_now(actor)
    choices = await call(db.REGISTRY, panels_to_choose, actor=actor, tokens=tokens, access=access)
    services = sorted({choice.row.service_ref for choice in choices})
    await call(db.REGISTRY, probe_schedule.refresh, service_refs=services, caller="user")
    limits = await limits_of(actor, services)
    expected = await expectations(actor, [choice.row for choice in choices])
    return [
        panel_item(
            choice,
            limit_texts(limits.get(choice.row.service_ref, ())),
            expected.get(choice.row.ref),
        )
        for choice in choices
    ]


async def panels_chosen(actor: Actor, panel_refs: Sequence[str]) -> list[PanelDetail]:
    """The chosen panels with their recipes and terms."""
    return [
        await call(db.REGISTRY, get_panel, actor=actor, panel_ref=panel_ref)
        for panel_ref in panel_refs
    ]
