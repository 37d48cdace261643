"""Finding the run that carries our tag, so that a lost answer is never submitted twice.

WES has no idempotency key. Sapporo filters its list by tag; elsewhere the run logs repeat the
request with its tags. "None" is said only when that is sure: the list was read to its end, every
run in it could be examined, and the service is known to keep tags and to list runs at work: it was
verified, or it is Sapporo or Toil, which do.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from app.connectors.base import (
    Capability,
    InvalidAnswer,
    Rejected,
    ServiceFacts,
    ServiceFault,
    UnknownRun,
    Unsupported,
)
from app.connectors.conformance import Feature
from app.connectors.wes_http import WesHttp
from app.connectors.wes_judge import unfinished
from app.connectors.wes_parse import MADE_UP_IDS, is_sapporo, is_toil, mapping_of, run_id_of
from app.connectors.wes_submit import TAG

MOST_PAGES = 10
MOST_RUN_LOGS = 300
AT_ONCE = 8

Run = Mapping[str, Any]


async def find_by_tag(
    http: WesHttp, facts: ServiceFacts, known: Mapping[str, bool], job_ref: str
) -> str | None:
    """The id of the run that carries `job_ref`, or None if surely none does.

    `known` says what is verified of the service. Raises `Unsupported` where it cannot tell.
    """
    if Capability.FIND_BY_TAG not in facts.capabilities:
        raise Unsupported("This service keeps no tags, so that a run cannot be found again.")
    # Sapporo's list is a snapshot some minutes old unless the latest is asked for.
    can_filter = known.get(Feature.TAG_FILTER, is_sapporo(facts.raw))
    filters = {"tags": f"{TAG}:{job_ref}", "latest": "true"} if can_filter else None
    runs, is_complete = await _listed(http, filters)
    for run in runs:
        if _tag_of(run) == job_ref:
            return run_id_of(run)
    untold = [run for run in runs if "tags" not in run and run_id_of(run) not in MADE_UP_IDS]
    bodies = await _run_logs(http, untold[:MOST_RUN_LOGS])
    for body in bodies:
        if _tag_of(mapping_of(body.get("request"))) == job_ref:
            return run_id_of(body)
    if not is_complete or len(untold) > MOST_RUN_LOGS:
        raise Unsupported("The service holds too many runs to look through for ours.")
    if len(bodies) < len(untold):
        raise Unsupported("The service lists runs that it cannot show, and one may be ours.")
    if untold and not any(isinstance(_tags_of(body), dict) for body in bodies):
        raise Unsupported("The service shows no tags of its runs, and one may be ours.")
    _check_trust(facts, known, runs)
    return None


def _check_trust(facts: ServiceFacts, known: Mapping[str, bool], runs: Sequence[Run]) -> None:
    """Raise `Unsupported` unless a run of ours would surely have been seen with its tag."""
    is_usual = is_sapporo(facts.raw) or is_toil(facts.raw)
    if not known.get(Feature.TAGS, is_usual):
        raise Unsupported("It is not known yet whether this service keeps tags.")
    shows_working = next(unfinished(runs), None) is not None
    if not (known.get(Feature.LISTS_RUNNING, is_usual) or shows_working):
        raise Unsupported("It is not known yet whether this service lists runs at work.")


async def _listed(http: WesHttp, params: Mapping[str, str] | None) -> tuple[list[Run], bool]:
    pages = [page async for page in http.pages(MOST_PAGES, params)]
    return [run for page, _ in pages for run in page], pages[-1][1]


def _tag_of(run: Run) -> Any:
    return mapping_of(run.get("tags")).get(TAG)


def _tags_of(body: Run) -> Any:
    return mapping_of(body.get("request")).get("tags")


async def _run_logs(http: WesHttp, runs: Sequence[Run]) -> list[Run]:
    """The run logs that the service shows; runs that are gone count as shown without tags."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def read(run: Run) -> Run | None:
        async with gate:
            try:
                body = await http.run_body(run_id_of(run))
            except UnknownRun:
                return {}
            except (ServiceFault, InvalidAnswer, Rejected):
                return None
            return {**body, "run_id": run_id_of(run)}

    found = await asyncio.gather(*(read(run) for run in runs))
    return [body for body in found if body is not None]
