"""How many jobs a person has submitted to each service this month, and when that is too many.

A month is one of the calendar, in UTC. A job that ended before it was sent does not count.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from sqlmodel import Session, col, func, or_, select

from app.domain.access import Actor, require
from app.domain.errors import Refused
from app.domain.job_states import TERMINAL
from app.domain.panels import PanelRow
from app.domain.service_access import (
    NO_LIMIT,
    Access,
    month_of,
    next_month_begins,
    why_no_access,
)
from models.base import now
from models.jobs import Job


def used_this_month(session: Session, *, actor: Actor, user_ref: str = "") -> dict[str, int]:
    """How many jobs the actor, or a person, has submitted this month, by the services' refs.

    `session` is of `job_processing_db`.
    """
    if user_ref not in ("", actor.user_ref):
        require(actor, "user:read")
    return _used(session, user_ref or actor.user_ref)


def refuse_without_access(panels: Sequence[PanelRow], access: Mapping[str, Access]) -> None:
    """Raise `Refused` where one of the panels' services may not be used at all."""
    for row in panels:
        one = access.get(row.service_ref, NO_LIMIT)
        if not one.may_use:
            raise Refused(why_no_access(one, row.service_name))


def refuse_beyond_quota(
    session: Session, *, user_ref: str, panels: Sequence[PanelRow], access: Mapping[str, Access]
) -> None:
    """Raise `Refused` where a job for each panel would be more than is left of the month.

    Submissions that arrive at once are counted one after the other, until their transactions end.
    """
    limits = {row.service_ref: access.get(row.service_ref, NO_LIMIT) for row in panels}
    if all(one.jobs_per_month is None for one in limits.values()):
        return
    session.exec(select(func.pg_advisory_xact_lock(func.hashtextextended(f"quota {user_ref}", 0))))
    used = _used(session, user_ref)
    asked = Counter(row.service_ref for row in panels)
    for row in panels:
        limit, has = limits[row.service_ref].jobs_per_month, used.get(row.service_ref, 0)
        if limit is not None and has + asked[row.service_ref] > limit:
            raise Refused(
                f"You may submit {limit:,} jobs to {row.service_name} in a month and have "
                f"submitted {has:,}: {asked[row.service_ref]:,} more are too many. "
                f"{next_month_begins()}"
            )


def _used(session: Session, user_ref: str) -> dict[str, int]:
    was_sent = or_(col(Job.submitted_at).is_not(None), col(Job.status).not_in(TERMINAL))
    found = session.exec(
        select(Job.service_ref, func.count())
        .where(Job.owner_ref == user_ref, col(Job.created_at) >= month_of(now()), was_sent)
        .group_by(col(Job.service_ref))
    )
    return dict(found.all())
