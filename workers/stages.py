"""The stages of runs at work, asked for rarely where a service does not tell them by itself."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

import structlog

from app.connectors.base import Connector, RunState, RunStatus
from app.connectors.errors import ConnectorError, Unsupported
from app.domain.job_queue import Claim
from app.domain.job_states import JobStatus

# At most one more request a minute for each run, and one an hour where none is answered, or one in
# ten minutes where that takes too long.
EVERY = 60.0
SILENT_FOR = 3600.0
SLOW_FOR = 600.0
AT_ONCE = 8
# What the states of runs, which are known by then, wait for stages, in seconds.
PATIENCE = 5.0

log = structlog.get_logger(__name__)

# Monotonic times: until when a job's stages, or those of a service's jobs, are not asked for.
_job_waits: dict[str, float] = {}
_service_waits: dict[str, float] = {}


async def with_stages(
    connector: Connector, claims: Sequence[Claim], states: Mapping[str, RunStatus]
) -> dict[str, RunStatus]:
    """The states, with the stages of the runs at work whose turn it is.

    A service that does not tell them, or not soon, keeps nothing from being known: the state stands
    as it is.
    """
    asked = [claimed for claimed in claims if _is_due(claimed, states.get(claimed.remote_id))]
    gate = asyncio.Semaphore(AT_ONCE)

    async def ask(claimed: Claim) -> tuple[str, RunStatus]:
        status = states[claimed.remote_id]
        async with gate:
            if _service_waits.get(claimed.service_ref, 0) > time.monotonic():
                return claimed.remote_id, status
            try:
                told = await connector.stages(claimed.remote_id)
            except Unsupported:
                _service_waits[claimed.service_ref] = time.monotonic() + SILENT_FOR
                return claimed.remote_id, status
            except ConnectorError as error:
                log.info("no stages told", job_ref=claimed.job_ref, reason=str(error))
                return claimed.remote_id, status
        return claimed.remote_id, replace(status, stages=told)

    if not asked:
        return dict(states)
    asking = [asyncio.create_task(ask(claimed)) for claimed in asked]
    try:
        told, late = await asyncio.wait(asking, timeout=PATIENCE)
    finally:
        for task in asking:
            task.cancel()
        await asyncio.wait(asking)
    if late and not told:
        _service_waits[asked[0].service_ref] = time.monotonic() + SLOW_FOR
        log.info("stages are not told in time", service_ref=asked[0].service_ref)
    return dict(states) | dict(task.result() for task in told)


def _is_due(claimed: Claim, status: RunStatus | None) -> bool:
    """Tell whether a run's stages are to be asked for now, and note that they are."""
    moment = time.monotonic()
    if claimed.status is JobStatus.LOST or status is None or status.stages:
        return False
    if status.state is not RunState.RUNNING:
        return False
    if max(_job_waits.get(claimed.job_ref, 0), _service_waits.get(claimed.service_ref, 0)) > moment:
        return False
    for waits in (_job_waits, _service_waits):
        for ref in [ref for ref, until in waits.items() if until <= moment]:
            del waits[ref]
    _job_waits[claimed.job_ref] = moment + EVERY
    return True
