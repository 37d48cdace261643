"""How long the lab's own jobs took at a service or with a panel, by our own clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, text
from sqlmodel import Session

from app.domain.access import Actor, require

LATEST_JOBS = 50

# A run that was given up and fetched later tells nothing. What the worker never saw running was
# over between two looks: it waited and ran for less than that, and its parts are not known.
_LATEST = """
    SELECT extract(epoch FROM done.running_at - done.submitted_at)::float AS waited,
           extract(epoch FROM done.finished_at - done.running_at)::float AS ran,
           extract(epoch FROM done.finished_at - done.submitted_at)::float AS took
    FROM jobs AS done
    WHERE {condition} AND done.status = 'completed' AND done.offered_at IS NULL
      AND done.finished_at > now() - interval '1 year' AND done.submitted_at IS NOT NULL
    ORDER BY done.finished_at DESC
    LIMIT :latest
"""
_OF_PANELS = f"""
    SELECT wanted.ref, latest.*
    FROM unnest(CAST(:refs AS text[])) AS wanted(ref)
    CROSS JOIN LATERAL ({_LATEST.format(condition="done.panel_ref = wanted.ref")}) AS latest
"""  # noqa: S608  (made of constants)


@dataclass(frozen=True)
class OwnTimes:
    """What the latest completed jobs took, in seconds: waiting, running, and in all.

    `of` says which jobs they were, in words.
    """

    of: str
    waited: tuple[float, ...] = ()
    ran: tuple[float, ...] = ()
    took: tuple[float, ...] = ()


def times_of_service(session: Session, *, actor: Actor, service_ref: str) -> OwnTimes:
    """What the lab's jobs at a service took, whoever's they were: only the times are told."""
    require(actor, "service:read")
    statement = text(_LATEST.format(condition="done.service_ref = :ref"))
    found = session.connection().execute(statement, {"ref": service_ref, "latest": LATEST_JOBS})
    return _times("jobs of ours at this service", found.all())


def times_of_panels(
    session: Session, *, actor: Actor, panel_refs: Sequence[str]
) -> dict[str, OwnTimes]:
    """What the lab's jobs with each panel took, whoever's they were: only the times are told."""
    require(actor, "service:read")
    rows: dict[str, list[Row[Any]]] = {ref: [] for ref in panel_refs}
    given = {"refs": list(rows), "latest": LATEST_JOBS}
    for row in session.connection().execute(text(_OF_PANELS), given):
        rows[row.ref].append(row)
    return {ref: _times("jobs of ours with this panel", found) for ref, found in rows.items()}


def _times(of: str, rows: Sequence[Row[Any]]) -> OwnTimes:
    return OwnTimes(
        of=of,
        waited=tuple(max(0.0, row.waited) for row in rows if row.waited is not None),
        ran=tuple(max(0.0, row.ran) for row in rows if row.ran is not None),
        took=tuple(max(0.0, row.took) for row in rows),
    )
