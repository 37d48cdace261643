"""Finding the run that carries our tag, so that a lost answer is never submitted twice.

WES has no idempotency key. Sapporo filters its list by tag; elsewhere the run logs repeat the
request with its tags. "None" is said only when that is sure: the list was read to its end, every
run in it could be examined, and the service is known to keep tags and to list runs at work: it was
verified, or it is Sapporo or Toil, which do.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from app.connectors.base import Capability, ServiceFacts
from app.connectors.conformance import Feature
from app.connectors.errors import InvalidAnswer, Rejected, ServiceFault, UnknownRun, Unsupported
from app.connectors.wes_http import WesHttp
from app.connectors.wes_judge import unfinished
from app.connectors.wes_parse import MADE_UP_IDS, is_sapporo, is_toil, mapping_of, run_id_of
from app.connectors.wes_submit import TAG

MOST_PAGES = 10
MOST_RUN_LOGS = 300
AT_ONCE = 8


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
    untold: list[str] = []
    is_complete = shows_working = False
    async for page, is_complete in http.pages(MOST_PAGES, filters):  # noqa: B007
        for run in page:
            if _tag_of(run) == job_ref:
                return run_id_of(run)
        shows_working = shows_working or next(unfinished(page), None) is not None
        # One more than can be looked at tells that there are too many.
        room = MOST_RUN_LOGS + 1 - len(untold)
        untold += [run_id_of(run) for run in page if _is_untold(run)][:room]
    shown = await _tags_shown(http, untold[:MOST_RUN_LOGS])
    for run_id, tags in shown:
        if mapping_of(tags).get(TAG) == job_ref:
            return run_id
    if not is_complete or len(untold) > MOST_RUN_LOGS:
        raise Unsupported("The service does not show all its runs, and one may be ours.")
    if len(shown) < len(untold):
        raise Unsupported("The service lists runs that it cannot show, and one may be ours.")
    if untold and not any(isinstance(tags, dict) for _, tags in shown):
        raise Unsupported("The service shows no tags of its runs, and one may be ours.")
    _check_trust(facts, known, shows_working=shows_working)
    return None


def _check_trust(facts: ServiceFacts, known: Mapping[str, bool], *, shows_working: bool) -> None:
    """Raise `Unsupported` unless a run of ours would surely have been seen with its tag."""
    is_usual = is_sapporo(facts.raw) or is_toil(facts.raw)
    if not known.get(Feature.TAGS, is_usual):
        raise Unsupported("It is not known yet whether this service keeps tags.")
    if not (known.get(Feature.LISTS_RUNNING, is_usual) or shows_working):
        raise Unsupported("It is not known yet whether this service lists runs at work.")


def _is_untold(run: Mapping[str, Any]) -> bool:
    return "tags" not in run and run_id_of(run) not in MADE_UP_IDS


def _tag_of(run: Mapping[str, Any]) -> Any:
    return mapping_of(run.get("tags")).get(TAG)


async def _tags_shown(http: WesHttp, run_ids: Sequence[str]) -> list[tuple[str, Any]]:
    """The tags in the run logs that the service shows; a run that is gone counts without tags."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def read(run_id: str) -> tuple[str, Any] | None:
        async with gate:
            try:
                body = await http.run_body(run_id)
            except UnknownRun:
                return run_id, None
            except (ServiceFault, InvalidAnswer, Rejected):
                return None
            return run_id, mapping_of(body.get("request")).get("tags")

    found = await asyncio.gather(*map(read, run_ids))
    return [tags for tags in found if tags is not None]
