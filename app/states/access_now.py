"""What a person may do with services now, read from the databases that know, for several pages."""

from dataclasses import replace

from app.domain.access import Actor
from app.domain.job_quotas import used_this_month
from app.domain.service_access import Access, access_of
from app.states.calls import call
from models import db


async def access_now(actor: Actor) -> dict[str, Access]:
    """What is said of the actor's use of services, with what is used of this month's numbers."""
    said = await call(db.USERS, access_of, actor=actor)
    if all(one.jobs_per_month is None for one in said.values()):
        return said
    used = await call(db.JOBS, used_this_month, actor=actor)
    return {ref: replace(one, used=used.get(ref, 0)) for ref, one in said.items()}
