"""A trial of a WES with real runs: a short one to its end, and a longer one that is cancelled.

Both end by themselves within a minute, whatever becomes of the trial. Every wait is bounded, and
what the service refuses or cannot do is told as an observation or as a step.
"""

import asyncio
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.connectors.answers import Answer, error_of, message_of, plain_text
from app.connectors.base import Capability, ServiceFacts
from app.connectors.client import fetch
from app.connectors.conformance import Feature, Observation, Tell, observation
from app.connectors.errors import ConnectorError, InvalidAnswer, Rejected
from app.connectors.multipart import multipart
from app.connectors.run_request import RunRequest
from app.connectors.toy_run import MESSAGE, toy_request, why_not
from app.connectors.wes_conformance import body_of, hidden, said
from app.connectors.wes_http import WesHttp
from app.connectors.wes_idle import idle_connection
from app.connectors.wes_parse import run_id_of
from app.connectors.wes_submit import form_fields
from app.connectors.wes_trial_watch import Watched, judge_run, see_cancel, see_list, until

LIMIT_SECONDS = 420.0
LONG_SECONDS = 45
STEP_LENGTH = 500

TRIED = (
    Feature.SUBMIT_CODE,
    Feature.ENGINE,
    Feature.EARLY_STATUS,
    Feature.STEADY_STATES,
    Feature.ATTACHMENTS,
    Feature.TAGS,
    Feature.LOGS,
    Feature.OUTPUTS,
    Feature.LISTS_RUNNING,
    Feature.LIST_TAGS,
    Feature.TAG_FILTER,
    Feature.KEEP_ALIVE,
    Feature.CANCEL,
)


async def try_out(
    http: WesHttp, facts: ServiceFacts, config: Mapping[str, Any], workflow: Path, report: Tell
) -> list[Observation]:
    """Make the trial and return what it showed; `report` hears each step."""
    trial = Watched(http)

    async def tell(text: str) -> None:
        await report(hidden(" ".join(plain_text(text[:STEP_LENGTH]).split()), http.token))

    if reason := why_not(facts):
        await tell(reason)
        return [observation(feature, None, reason) for feature in TRIED]
    with tempfile.TemporaryDirectory() as folder:
        try:
            async with asyncio.timeout(LIMIT_SECONDS):
                await _short_run(trial, facts, config, workflow, Path(folder), tell)
                await _long_run(trial, facts, config, workflow, Path(folder), tell)
                await tell("The trial is over.")
        except TimeoutError:
            await tell(f"The trial took longer than {LIMIT_SECONDS / 60:.0f} minutes and stopped.")
        except ConnectorError as error:
            await tell(f"The trial stopped: {error}")
        finally:
            await _leave_nothing(trial, tell)
    return list(trial.found.values())


async def _short_run(
    trial: Watched,
    facts: ServiceFacts,
    config: Mapping[str, Any],
    workflow: Path,
    folder: Path,
    tell: Tell,
) -> None:
    await tell("Starting a run that repeats an attached file.")
    remote_id = await _start(
        trial, facts, config, toy_request(trial.job_ref, facts, workflow, folder)
    )
    await tell(f"The service took it as {remote_id}.")
    state = await until(trial, remote_id, seconds=120)
    await tell(f"It is {state or 'not known'} after {', '.join(trial.states) or 'no state'}.")
    await judge_run(trial, remote_id, workflow.name, MESSAGE)


async def _long_run(
    trial: Watched,
    facts: ServiceFacts,
    config: Mapping[str, Any],
    workflow: Path,
    folder: Path,
    tell: Tell,
) -> None:
    await tell(f"Starting a run of {LONG_SECONDS} seconds, to be cancelled.")
    request = toy_request(trial.job_ref, facts, workflow, folder, seconds=LONG_SECONDS)
    async with idle_connection(trial.http) as ask_again:
        remote_id = await _start(trial, facts, config, request)
        state = await until(trial, remote_id, seconds=60, also=("RUNNING",))
        await tell(f"It is {state or 'not known'}; looking for it in the list.")
        await see_list(trial, remote_id)
        trial.keep(await ask_again())
    await tell("Cancelling it, and watching for half a minute.")
    await tell(await see_cancel(trial, remote_id))


async def _start(
    trial: Watched, facts: ServiceFacts, config: Mapping[str, Any], request: RunRequest
) -> str:
    """Submit, first without naming an engine, and again with one if the service wants that."""
    able = replace(facts, capabilities=facts.capabilities | {Capability.ATTACHMENTS})
    fields = form_fields(request, able, config)
    engine = {name: fields.pop(name) for name in list(fields) if name.startswith("workflow_engine")}
    if not trial.names_engine:
        answer = await _post(trial.http, fields, request)
        if 400 <= answer.status < 500 and engine and "engine" in message_of(answer).lower():
            trial.names_engine = True
            trial.say(Feature.ENGINE, False, f"Without an engine: {said(answer)}")
        elif answer.is_success:
            trial.say(Feature.ENGINE, True, "It took a run that names no engine.")
    if trial.names_engine:
        answer = await _post(trial.http, fields | engine, request)
    if error := error_of(answer, secret=trial.http.token, missing=Rejected):
        trial.say(Feature.SUBMIT_CODE, None, str(error))
        raise error
    trial.say(Feature.SUBMIT_CODE, answer.status == 200, f"It answered {answer.status}.")
    remote_id = run_id_of(body_of(answer))
    if not remote_id:
        raise InvalidAnswer("The service took the run but named none.")
    trial.started(remote_id)
    return remote_id


async def _post(http: WesHttp, fields: Mapping[str, str], request: RunRequest) -> Answer:
    files = [("workflow_attachment", attachment) for attachment in request.attachments]
    with multipart(http.client, http.url("runs"), fields, files) as form:
        form.headers.update(http.credential())
        return await fetch(http.client, form)


async def _leave_nothing(trial: Watched, tell: Tell) -> None:
    """Ask for an end of what may still be at work."""
    for remote_id in trial.at_work:
        try:
            request = await trial.http.request("POST", trial.http.url("runs", remote_id, "cancel"))
            await fetch(trial.http.client, request)
        except ConnectorError:
            pass
        await tell(f"The run {remote_id} may still be at work; it ends by itself within a minute.")
