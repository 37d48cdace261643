"""Asking a WES how far it does as the standard says, without changing anything there.

Every question stands alone: what one cannot tell leaves the others.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from app.connectors.answers import Answer, json_of, message_of
from app.connectors.base import ServiceFacts
from app.connectors.client import fetch
from app.connectors.conformance import Feature, Observation, Verdict, observation
from app.connectors.errors import ConnectorError, InvalidAnswer
from app.connectors.wes_http import PAGE_SIZE, WesHttp
from app.connectors.wes_judge import of_error, of_list, of_run_log, of_service_info, unfinished
from app.connectors.wes_parse import MADE_UP_IDS, listed_runs, mapping_of, run_id_of, text_of
from app.connectors.wes_submit import TAG

# The whole reading takes no longer, however slow the service is.
LIMIT_SECONDS = 60.0

Run = Mapping[str, Any]


@dataclass
class _Reading:
    """What was found so far; of two things said of a feature the first one told counts."""

    http: WesHttp
    facts: ServiceFacts
    runs: Sequence[Run] = ()
    is_whole: bool = False
    found: dict[Feature, Observation] = field(default_factory=dict)

    def say(self, feature: Feature, conforms: bool | None, evidence: str) -> None:
        self.keep([observation(feature, conforms, evidence)])

    def keep(self, observations: Sequence[Observation]) -> None:
        for one in observations:
            before = self.found.get(one.feature)
            is_news = one.verdict is not Verdict.UNTOLD
            if before is None or (before.verdict is Verdict.UNTOLD and is_news):
                told = hidden(one.evidence, self.http.token)
                self.found[one.feature] = replace(one, evidence=told)


async def ask(http: WesHttp, facts: ServiceFacts) -> list[Observation]:
    """What can be learned by asking; raises nothing of the service's doing."""
    reading = _Reading(http, facts)
    reading.keep(of_service_info(facts.raw))
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            for question, features in QUESTIONS:
                try:
                    await question(reading)
                except ConnectorError as error:
                    for feature in features:
                        reading.say(feature, None, str(error))
    except TimeoutError:
        pass
    for _, features in QUESTIONS:
        for feature in features:
            reading.say(feature, None, "It gave no answer in time, or none to tell it by.")
    return list(reading.found.values())


async def _list(reading: _Reading) -> None:
    answer = await look(reading.http, "runs", params={"page_size": str(PAGE_SIZE)})
    if not answer.is_success:
        raise InvalidAnswer(f"The list of runs: {said(answer)}")
    body = body_of(answer)
    reading.runs = [run for run in listed_runs(body) if run_id_of(run) not in MADE_UP_IDS]
    keys = {key: reading.runs for key in mapping_of(body) if key in ("runs", "workflows")}
    reading.keep(of_list({**mapping_of(body), **keys}))
    working = next(unfinished(reading.runs), None)
    if working is not None:
        state = text_of(working.get("state"))
        reading.say(Feature.LISTS_RUNNING, True, f"A run that is {state} is listed.")
    else:
        reading.say(Feature.LISTS_RUNNING, None, "No run was at work when it was asked.")


async def _pages(reading: _Reading) -> None:
    if len(reading.runs) < 2:
        reading.say(Feature.PAGE_SIZE, None, "There are too few runs to tell.")
        reading.say(Feature.TAG_FILTER, None, "There are too few runs to tell.")
        return
    one = listed_runs(body_of(await look(reading.http, "runs", params={"page_size": "1"})))
    reading.say(Feature.PAGE_SIZE, len(one) == 1, f"{len(one)} runs for a page size of 1.")
    asked = {"page_size": "5", "tags": f"{TAG}:{MADE_UP_IDS[0]}"}
    filtered = listed_runs(body_of(await look(reading.http, "runs", params=asked)))
    told = f"{len(filtered)} runs for a tag that none has."
    # That it leaves out others does not prove that it finds ours: a trial does.
    reading.say(Feature.TAG_FILTER, False if filtered else None, told)


async def _unknown_runs(reading: _Reading) -> None:
    """Ask about two runs that were never there.

    The ids are always the same: wes-service lists an id from then on that it was asked for once.
    """
    answers = [await look(reading.http, "runs", name, "status") for name in MADE_UP_IDS]
    whole = await look(reading.http, "runs", MADE_UP_IDS[0], is_run_log=True)
    told = f"A made-up UUID: {said(answers[0])} Another id: {said(answers[1])}"
    is_404 = all(answer.status == 404 for answer in answers)
    reading.say(Feature.UNKNOWN_RUN, is_404, told)
    lies = [answer for answer in answers if answer.is_success and _state_of(answer)]
    honest = None if not lies and any(answer.status >= 500 for answer in answers) else not lies
    reading.say(Feature.HONEST_STATUS, honest, said(lies[0]) if lies else told)
    reading.say(
        Feature.HONEST_LOG, not (whole.is_success and _state_of(whole)), f"Its log: {said(whole)}"
    )
    refusal = next((one for one in (*answers, whole) if not one.is_success), None)
    if refusal is not None:
        reading.keep([of_error(refusal)])


async def _one_run(reading: _Reading) -> None:
    """Read one run that somebody made, best one that is complete."""
    best = sorted(reading.runs, key=lambda run: run.get("state") != "COMPLETE")
    if not best:
        raise InvalidAnswer("There is no run to look at.")
    remote_id = run_id_of(best[0])
    body = mapping_of(body_of(await look(reading.http, "runs", remote_id, is_run_log=True)))
    reading.keep(of_run_log(body))
    if tags := mapping_of(mapping_of(body.get("request")).get("tags")):
        reading.say(Feature.TAGS, True, f"A run log repeats {len(tags)} tags of its request.")
    tasks = await look(reading.http, "runs", remote_id, "tasks")
    needed = any(version.startswith("1.1") for version in reading.facts.protocol_versions)
    old = "" if needed else " It claims no release that has them."
    reading.say(Feature.TASKS, tasks.is_success or not needed, said(tasks) + old)


async def _without_credential(reading: _Reading) -> None:
    http = reading.http
    request = http.client.build_request("GET", http.url("runs"), params={"page_size": "1"})
    answer = await fetch(http.client, request, limit=64 * 1024)
    is_closed = answer.status in (401, 403)
    if is_closed:
        text = f"Without a token the list of runs is closed ({answer.status})."
        reading.say(Feature.AUTHORISATION, True, text)
    elif http.token:
        text = f"The list of runs is open without a token ({answer.status})."
        reading.say(Feature.AUTHORISATION, not answer.is_success, text)
    else:
        reading.say(Feature.AUTHORISATION, True, "No token is wanted.")


QUESTIONS: tuple[tuple[Callable[[_Reading], Awaitable[None]], tuple[Feature, ...]], ...] = (
    (
        _list,
        (
            Feature.LIST_KEY,
            Feature.PAGE_TOKEN,
            Feature.LIST_STATES,
            Feature.LIST_TAGS,
            Feature.LISTS_RUNNING,
        ),
    ),
    (_pages, (Feature.PAGE_SIZE, Feature.TAG_FILTER)),
    (
        _unknown_runs,
        (Feature.UNKNOWN_RUN, Feature.HONEST_STATUS, Feature.HONEST_LOG, Feature.ERRORS),
    ),
    (_one_run, (Feature.DATES, Feature.LOGS, Feature.OUTPUTS, Feature.TASKS, Feature.TAGS)),
    (_without_credential, (Feature.AUTHORISATION,)),
)


async def look(
    http: WesHttp,
    *path: str,
    params: Mapping[str, str] | None = None,
    is_run_log: bool = False,
) -> Answer:
    """A GET below the service's base, whatever its status."""
    request = await http.request("GET", http.url(*path), params=params)
    return await fetch(http.client, request, is_run_log=is_run_log)


def body_of(answer: Answer) -> Any:
    """The JSON of an answer, None where it is none or too large."""
    try:
        return json_of(answer)
    except InvalidAnswer:
        return None


def said(answer: Answer) -> str:
    """An answer in a few words: its status, and the state or the message in it."""
    words = _state_of(answer) or ("" if answer.is_success else message_of(answer))
    return f"{answer.status}{', ' + words[:150].rstrip('.') if words else ''}."


def hidden(text: str, secret: str) -> str:
    """A text without the token, should the service repeat it."""
    return text.replace(secret, "…") if secret else text


def _state_of(answer: Answer) -> str:
    return text_of(mapping_of(body_of(answer)).get("state"))
