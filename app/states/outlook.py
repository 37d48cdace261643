"""What jobs can expect of services, read from the databases that know, for several pages."""

from collections.abc import Sequence

from app.domain.access import Actor
from app.domain.alternatives import Alternative, alternatives, same_panels
from app.domain.credentials import tokens_in_use
from app.domain.dataset_limits import FileFacts
from app.domain.estimates import Expectation, expect
from app.domain.own_times import OwnTimes, times_of_panels
from app.domain.panels import PanelRow
from app.domain.queue_pace import paces
from app.states.access_now import access_now
from app.states.calls import call
from models import db


async def expectations(actor: Actor, panels: Sequence[PanelRow]) -> dict[str, Expectation]:
    """What a job with each of these panels can expect, by the panel's ref."""
    services = sorted({row.service_ref for row in panels})
    known = await call(db.REGISTRY, paces, actor=actor, service_refs=services)
    own = await own_times(actor, [row.ref for row in panels])
    return {row.ref: expect(known.get(row.service_ref), own[row.ref]) for row in panels}


async def instead_of(
    actor: Actor, panel_refs: Sequence[str], *, files: Sequence[FileFacts] = ()
) -> list[Alternative]:
    """Where a person who may submit could send it instead, the best first."""
    if not actor.may("job:submit") or not panel_refs:
        return []
    same = await call(db.REGISTRY, same_panels, actor=actor, panel_refs=panel_refs)
    if not same:
        return []
    return await call(
        db.REGISTRY,
        alternatives,
        actor=actor,
        panel_refs=panel_refs,
        tokens=await call(db.USERS, tokens_in_use, actor=actor),
        access=await access_now(actor),
        own=await own_times(actor, same),
        files=files,
    )


async def own_times(actor: Actor, panel_refs: Sequence[str]) -> dict[str, OwnTimes]:
    """What our own jobs with each panel took; nothing is known while the jobs are away."""
    try:
        return await call(db.JOBS, times_of_panels, actor=actor, panel_refs=panel_refs)
    except db.UNAVAILABLE:
        return {ref: OwnTimes("jobs of ours with this panel") for ref in panel_refs}
