"""Watching the runs of a trial: what states they show, what they leave, and how they stop."""

import asyncio
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from time import monotonic

from app.connectors.answers import Answer
from app.connectors.client import fetch
from app.connectors.conformance import Feature, Observation, Verdict, observation
from app.connectors.errors import ConnectorError
from app.connectors.wes_conformance import body_of, hidden, look, said
from app.connectors.wes_http import WesHttp
from app.connectors.wes_judge import of_list, of_run_log, shown
from app.connectors.wes_logs import failure_of, read_logs
from app.connectors.wes_outputs import remote_files
from app.connectors.wes_parse import (
    TERMINAL,
    listed_runs,
    mapping_of,
    run_id_of,
    run_status,
    tags_of,
)
from app.connectors.wes_submit import TAG

LOOK_SECONDS = 0.5
# A run that is still at work this long after a cancel was accepted ignores it.
PATIENCE_SECONDS = 30.0
# One that says that it is stopping gets longer: Sapporo takes 12 seconds.
STOPPING_SECONDS = 60.0
MOST_PAGES = 10
GONE = ("no such file", "not found", "does not exist", "cannot find", "unknown")


@dataclass
class Watched:
    """A trial under way: its tag, what was found, and the runs that may be at work."""

    http: WesHttp
    job_ref: str = field(default_factory=lambda: f"trial-{secrets.token_hex(6)}")
    names_engine: bool = False
    at_work: list[str] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    found: dict[Feature, Observation] = field(default_factory=dict)

    def say(self, feature: Feature, conforms: bool | None, evidence: str) -> None:
        """Keep what was found of a feature; `conforms` is None where it cannot be told."""
        self.keep(observation(feature, conforms, evidence))

    def keep(self, *observations: Observation) -> None:
        """The latest word counts, but one that cannot tell takes back none that could."""
        for one in observations:
            if one.verdict is not Verdict.UNTOLD or one.feature not in self.found:
                told = hidden(one.evidence, self.http.token)
                self.found[one.feature] = replace(one, evidence=told)

    def started(self, remote_id: str) -> None:
        """Note a run that the service took."""
        self.at_work.append(remote_id)
        self.states = []


async def until(
    trial: Watched, remote_id: str, *, seconds: float, also: Collection[str] = ()
) -> str:
    """Follow a run until it ends, or is in one of the states `also`; its state then, or ""."""
    started = monotonic()
    refused: Answer | None = None
    while monotonic() - started < seconds:
        answer = await _status(trial, remote_id)
        word = mapping_of(body_of(answer)).get("state") if answer else ""
        state = run_status(remote_id, word).raw_state[:60]
        if answer and not answer.is_success and not trial.states:
            refused = answer
        if state and trial.states[-1:] != [state]:
            trial.states.append(state)
            _judge_states(trial)
        if state and len(trial.states) == 1 and Feature.EARLY_STATUS not in trial.found:
            waited = f", for {monotonic() - started:.0f} s" if refused else ""
            told = said(refused) + waited if refused else f"At once: {state}."
            trial.say(Feature.EARLY_STATUS, refused is None, told)
        if run_status(remote_id, state).state in TERMINAL:
            trial.at_work = [one for one in trial.at_work if one != remote_id]
            return state
        if state in also:
            return state
        await asyncio.sleep(LOOK_SECONDS)
    return trial.states[-1] if trial.states else ""


async def _status(trial: Watched, remote_id: str) -> Answer | None:
    try:
        return await look(trial.http, "runs", remote_id, "status")
    except ConnectorError:
        return None


def _judge_states(trial: Watched) -> None:
    """UNKNOWN between two states tells nothing; what has ended does not go on."""
    told = ", ".join(map(shown, trial.states[-8:]))
    ended = [run_status("", state).state in TERMINAL for state in trial.states]
    before = trial.found.get(Feature.STEADY_STATES)
    is_steady = "UNKNOWN" not in trial.states and not any(ended[:-1])
    if is_steady and before is not None and before.verdict is Verdict.DEVIATES:
        return
    trial.say(Feature.STEADY_STATES, is_steady, f"It said {told}.")


async def judge_run(trial: Watched, remote_id: str, workflow: str, message: str) -> None:
    """What the run that ended left: its tags, its logs, its outputs, and what it read."""
    body = mapping_of(body_of(await look(trial.http, "runs", remote_id, is_run_log=True)))
    tags = tags_of(body) or {}
    kept = tags.get(TAG) == trial.job_ref
    shows = f"only {shown(list(tags))}" if tags else "no tags"
    trial.say(Feature.TAGS, kept, f"The run log shows {'our tag' if kept else shows}.")
    state = run_status(remote_id, body.get("state")).raw_state[:60]
    if state == "COMPLETE":
        trial.say(Feature.ATTACHMENTS, True, "The run used the workflow and the file sent along.")
        trial.keep(*of_run_log(body))
        await _download(trial, remote_id, body.get("outputs"), message)
        return
    failure = failure_of(await read_logs(trial.http, remote_id, body))
    is_missing = workflow in failure and any(word in failure.lower() for word in GONE)
    told = f"The run is {state or 'not to be read'}: {failure or 'no log says why'}"
    trial.say(Feature.ATTACHMENTS, False if is_missing else None, told)
    trial.say(Feature.OUTPUTS, None, told)


async def _download(trial: Watched, remote_id: str, outputs: object, message: str) -> None:
    """Read the output back, if it is named by a URL at all."""
    files = remote_files(trial.http.base, remote_id, outputs, [])
    wanted = next((file for file in files if file.can_download), None)
    if wanted is None:
        return
    answer = await fetch(trial.http.client, await trial.http.request("GET", wanted.location))
    is_same = answer.is_success and message.encode() in answer.body
    told = "An output was read back." if is_same else f"Reading an output: {said(answer)}"
    trial.say(Feature.OUTPUTS, is_same, told)


async def see_list(trial: Watched, remote_id: str) -> None:
    """Whether the list shows a run that is at work, and whether it can be filtered by its tag."""
    listed: list[dict[str, object]] = []
    async for page, _ in trial.http.pages(MOST_PAGES):
        listed += [dict(run) for run in page if run_id_of(run) == remote_id]
    still = await until(trial, remote_id, seconds=0.1, also=("QUEUED", "INITIALIZING", "RUNNING"))
    if listed:
        trial.say(Feature.LISTS_RUNNING, True, f"The list shows the run while it is {still}.")
        trial.keep(*(one for one in of_list({"runs": listed}) if one.feature is Feature.LIST_TAGS))
    elif remote_id in trial.at_work:
        trial.say(Feature.LISTS_RUNNING, False, f"The run is {still}, and the list lacks it.")
    ours = await _filtered(trial, f"{TAG}:{trial.job_ref}")
    others = await _filtered(trial, f"{TAG}:no-such-job")
    told = f"{len(ours)} runs for the trial's own tag, {len(others)} for a tag that none has."
    trial.say(Feature.TAG_FILTER, remote_id in ours and not others, told)


async def _filtered(trial: Watched, tags: str) -> set[str]:
    answer = await look(trial.http, "runs", params={"tags": tags, "page_size": "100"})
    return {run_id_of(run) for run in listed_runs(body_of(answer))}


async def see_cancel(trial: Watched, remote_id: str) -> str:
    """Cancel the run and watch what becomes of it; what was seen, in words."""
    if remote_id not in trial.at_work:
        told = f"The run was {(trial.states or ['gone'])[-1]} before it could be cancelled."
        trial.say(Feature.CANCEL, None, told)
        return told
    request = await trial.http.request("POST", trial.http.url("runs", remote_id, "cancel"))
    started = monotonic()
    answer = await fetch(trial.http.client, request)
    state = await until(trial, remote_id, seconds=PATIENCE_SECONDS)
    if state == "CANCELING":
        state = await until(trial, remote_id, seconds=STOPPING_SECONDS)
    waited = f"{monotonic() - started:.0f} s"
    told = f"The cancel was answered {said(answer)} After {waited} the run is {state}."
    if state == "CANCELED":
        trial.say(Feature.CANCEL, True, told)
    elif answer.is_success and state == "CANCELING":
        trial.say(Feature.CANCEL, None, told)
    else:
        trial.say(Feature.CANCEL, False, told)
        # It ends by itself; nothing of the trial should stay behind.
        await until(trial, remote_id, seconds=STOPPING_SECONDS)
    return told
