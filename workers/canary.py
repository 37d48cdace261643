"""Sending canaries and looking after them: one step of one canary at each turn."""

import asyncio
import tempfile
from pathlib import Path

import structlog

from app.config import settings
from app.connectors import CONNECTORS
from app.connectors.base import Capability, Connector, RunDetails, RunState, RunStatus, ServiceFacts
from app.connectors.client import open_client
from app.connectors.errors import ConnectorError, Unsupported
from app.connectors.run_request import RunRequest
from app.connectors.toy_run import MESSAGE, toy_request, why_not
from app.domain import canaries
from app.domain.archive_passwords import new_password
from app.domain.canaries import MOST_TIME, Canary
from app.domain.errors import PlatformError
from app.domain.health import Verdict
from app.domain.recipes import WORKFLOWS_DIR, Input, check_parameters, parse_recipe, render
from models import db
from models.base import now
from models.threads import call
from workers.endpoints import endpoint_of
from workers.patience import insist

WORKFLOW = WORKFLOWS_DIR / "trial.cwl"
# Genotypes of two simulated people, as the simulation's panel wants them.
GENOTYPES = WORKFLOWS_DIR / "canary.vcf.gz"
# The first look comes after this many seconds, later ones after a part of the time so far.
SOONEST, LATEST, PART = 2.0, 300.0, 0.2
MOST_OUTPUT = 64 * 1024
TOO_SMALL = (
    "An imputation server takes no canaries: its least number of samples is far above theirs, and "
    "each would take one of the account's few places in its queue."
)
AT_WORK = (RunState.UNKNOWN, RunState.QUEUED, RunState.RUNNING, RunState.CANCELLING)

log = structlog.get_logger(__name__)


async def fly_all() -> None:
    """Take every canary that is due a step further, each in its turn."""
    while await fly():
        pass


async def fly() -> bool:
    """Take one canary a step further; false if none is due."""
    canary = await call(db.REGISTRY, canaries.claim)
    if canary is None:
        return False
    try:
        endpoint = await endpoint_of(canary.service_ref)
    except db.UNAVAILABLE:
        await call(
            db.REGISTRY, canaries.give_back, canary_id=canary.canary_id, is_new=canary.is_new
        )
        return False
    except PlatformError as error:
        await _end(canary, Verdict.UNTOLD, error.message)
        return True
    try:
        async with open_client(request_timeout=settings().request_timeout_seconds) as client:
            await _step(CONNECTORS[canary.api_type](client, endpoint), canary)
    except Exception:
        log.exception("a canary failed", service_ref=canary.service_ref)
        await _end(canary, Verdict.UNTOLD, "The platform itself failed at this; its log says why.")
    return True


async def _step(connector: Connector, canary: Canary) -> None:
    if canary.is_new:
        await _send(connector, canary)
    elif not canary.remote_id:
        await _look_for(connector, canary)
    else:
        await _watch(connector, canary)


async def _send(connector: Connector, canary: Canary) -> None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            request = await _request(canary, await connector.probe(), Path(folder))
            if isinstance(request, str):
                await _end(canary, Verdict.UNTOLD, request, soon=False)
                return
            remote_id = await connector.submit(request)
        except ConnectorError as error:
            if error.may_have_arrived:
                # Whether there is a run now is found out by its tag, and none is sent again.
                await _later(canary)
                return
            verdict = Verdict.UNTOLD if error.can_retry else Verdict.FAILED
            await _end(canary, verdict, f"It was not taken: {error}")
            return
    await insist(db.REGISTRY, canaries.sent, canary_id=canary.canary_id, remote_id=remote_id)


async def _request(canary: Canary, facts: ServiceFacts, folder: Path) -> RunRequest | str:
    """The run to start, or why there is none that the service could do."""
    if Capability.PANELS in facts.capabilities:
        return TOO_SMALL
    reason = why_not(facts)
    if not reason:
        return await asyncio.to_thread(toy_request, canary.tag, facts, WORKFLOW, folder)
    if not canary.recipe:
        return reason
    recipe = parse_recipe(canary.recipe)
    return render(
        recipe,
        inputs=[Input(GENOTYPES.name, GENOTYPES)],
        parameters=check_parameters(recipe, {}),
        panel_values=recipe.panel,
        job_ref=canary.tag,
        # Nobody opens what a canary leaves.
        password=new_password(),
    )


async def _look_for(connector: Connector, canary: Canary) -> None:
    """A worker died, or an answer was lost, while the canary was sent."""
    try:
        remote_id = await connector.find(canary.tag)
    except Unsupported:
        told = "The answer was lost when it was sent, and this service cannot be asked for it."
        await _end(canary, Verdict.UNTOLD, told)
    except ConnectorError as error:
        await _later(canary, str(error))
    else:
        if remote_id is None:
            await _end(canary, Verdict.UNTOLD, "It broke off before the service had it.")
            return
        await insist(db.REGISTRY, canaries.sent, canary_id=canary.canary_id, remote_id=remote_id)


async def _watch(connector: Connector, canary: Canary) -> None:
    try:
        found = await connector.status([canary.remote_id])
        status = found.get(canary.remote_id)
        if status is None or status.state in AT_WORK:
            await _later(canary, _state_of(status), has_begun=_has_begun(status), stop=connector)
            return
        verdict, told = await _judge(connector, status, await connector.details(canary.remote_id))
    except ConnectorError as error:
        await _later(canary, str(error))
        return
    await _end(canary, verdict, told)


async def _judge(
    connector: Connector, status: RunStatus, details: RunDetails
) -> tuple[Verdict, str]:
    if status.state is not RunState.COMPLETE:
        why = details.failure.strip() or status.message or "it does not say why"
        return Verdict.FAILED, f"The run ended as {status.raw_state}: {why[-500:]}"
    repeated = next((one for one in details.outputs if one.name.startswith("repeated")), None)
    if repeated is None or not repeated.can_download:
        return Verdict.PASSED, "A small run completed."
    async with connector.open(repeated) as download:
        content = b""
        async for chunk in download.chunks:
            content += chunk
            if len(content) > MOST_OUTPUT:
                break
    if MESSAGE.encode() not in content:
        return Verdict.FAILED, "The run completed, but its output is not what it should be."
    return Verdict.PASSED, "A small run completed, and its output could be read."


def _has_begun(status: RunStatus | None) -> bool:
    return status is not None and status.state is RunState.RUNNING


def _state_of(status: RunStatus | None) -> str:
    return f"The run is {status.raw_state or 'not known'}." if status else "The run is not known."


async def _later(
    canary: Canary, last: str = "", *, has_begun: bool = False, stop: Connector | None = None
) -> None:
    """Look again later, but not for ever: what is still at work then is asked to stop."""
    elapsed = now() - canary.started_at
    if elapsed > MOST_TIME:
        if stop is not None:
            try:
                await stop.cancel(canary.remote_id)
            except ConnectorError:
                log.info("a canary could not be cancelled", service_ref=canary.service_ref)
        hours = MOST_TIME.total_seconds() / 3600
        verdict = Verdict.FAILED if stop is not None else Verdict.UNTOLD
        await _end(canary, verdict, f"It did not end within {hours:g} hours. {last}".strip())
        return
    seconds = min(max(elapsed.total_seconds() * PART, SOONEST), LATEST)
    await insist(
        db.REGISTRY,
        canaries.look_again,
        canary_id=canary.canary_id,
        seconds=seconds,
        has_begun=has_begun,
    )


async def _end(canary: Canary, verdict: Verdict, detail: str, *, soon: bool = True) -> None:
    """`soon`: where nothing could be told, another one begins before a day is over."""
    await insist(
        db.REGISTRY,
        canaries.end,
        canary_id=canary.canary_id,
        verdict=verdict,
        detail=detail,
        soon=soon and verdict is Verdict.UNTOLD,
    )
