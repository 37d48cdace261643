"""Collecting what a run left: its logs, then each result, resumed where a fetch stopped."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath

import httpx

from app.config import settings
from app.connectors.base import Connector, RunDetails, RunState
from app.connectors.client import open_client
from app.connectors.errors import (
    Busy,
    ConnectorError,
    InvalidAnswer,
    NotAuthorised,
    Rejected,
    UnknownRun,
    Unreachable,
    Unsupported,
)
from app.domain import files, job_collection, job_leftovers, job_outcomes, job_waits, store
from app.domain.errors import Refused
from app.domain.job_collection import WantedResult
from app.domain.job_queue import Claim
from app.domain.job_states import JobStatus
from app.domain.result_check import damage_of
from app.domain.store import StoredPath
from models import db
from models.away import refuse_if_away
from models.threads import call
from workers import contact
from workers.endpoints import connector_of
from workers.fetch import fetch_to_disk, size_of
from workers.learning import learn_from_log, learn_from_output
from workers.leases import claim, kept, record, surviving
from workers.patience import insist

# A result that a service refuses to hand out so often in a row can only be had there; one that is
# being restarted may say for a moment that it has no such file.
REFUSALS = 3


class _Interrupted(Exception):
    """A fetch stopped; `brought` says whether it got any further than before."""

    def __init__(self, cause: ConnectorError, *, brought: bool) -> None:
        self.cause = cause
        self.brought = brought
        super().__init__(str(cause))


async def collect() -> bool:
    """Collect one job whose run has ended; false if there is none.

    Several turns may run side by side.
    """
    claims = await claim((JobStatus.COLLECTING,), limit=1)
    for claimed in claims:
        timeout = settings().request_timeout_seconds
        async with (
            open_client(request_timeout=timeout) as client,
            kept([claimed]),
            surviving(claimed),
        ):
            await _collect(client, claimed)
    return bool(claims)


async def _collect(client: httpx.AsyncClient, claimed: Claim) -> None:
    connector = await connector_of(client, claimed)
    if connector is None:
        return
    try:
        details = await connector.details(claimed.remote_id)
    except ConnectorError as error:
        await _try_again(claimed, error)
        await contact.failed(connector, [claimed], error)
        return
    await contact.heard([claimed])
    await learn_from_log(claimed, details)
    try:
        await record(job_collection.record_logs, claimed, details=details)
        await _conclude(connector, claimed, details)
    except Refused as error:
        await record(job_outcomes.held, claimed, held_reason="no_room", explanation=error.message)
    except _Interrupted as error:
        # A fetch that gets further is no failure in a row, however often it is cut.
        again = replace(claimed, attempts=0) if error.brought else claimed
        await _try_again(again, error.cause)
    except ConnectorError as error:
        await _try_again(claimed, error)


async def _conclude(connector: Connector, claimed: Claim, details: RunDetails) -> None:
    state = details.status.state
    if state is RunState.FAILED:
        await record(job_collection.record_failure, claimed, details=details)
    elif state is RunState.CANCELLED:
        await record(job_collection.record_cancelled, claimed)
    elif state is RunState.COMPLETE and details.status.results_gone:
        await record(job_leftovers.record_gone, claimed, details=details)
    elif state is RunState.COMPLETE:
        wanted: Sequence[WantedResult] | None = await record(
            job_collection.list_results, claimed, details=details
        )
        if wanted is None:
            return
        for result in wanted:
            await _fetch(connector, claimed, result)
        await record(job_collection.record_collected, claimed)
    else:
        # The end was seen before: some servers say UNKNOWN for a moment between two states.
        word = details.status.raw_state
        raise Unreachable(f"The service says {word} of a run that it has said to be over.")


async def _fetch(connector: Connector, claimed: Claim, result: WantedResult) -> None:
    # Nothing is fetched that could not be kept.
    refuse_if_away(db.FILES)
    path = store.partial_dir() / f"{claimed.job_ref}.{result.id}"
    before = size_of(path)

    async def tell(fetched_bytes: int, size: int | None) -> None:
        await record(
            job_collection.record_progress,
            claimed,
            result_id=result.id,
            fetched_bytes=fetched_bytes,
            size=size,
        )

    try:
        await fetch_to_disk(connector, result, path, tell=tell)
    except NotAuthorised:
        raise
    except (Rejected, UnknownRun, Unsupported) as error:
        if claimed.attempts < REFUSALS:
            raise _Interrupted(error, brought=False) from error
        await record(job_collection.record_remote, claimed, result_id=result.id, reason=str(error))
        await learn_from_output(claimed, result.location, refusal=str(error))
        return
    except ConnectorError as error:
        await tell(size_of(path), None)
        raise _Interrupted(error, brought=size_of(path) > before) from error
    await learn_from_output(claimed, result.location)
    damage = await _damage(claimed, result, path)
    content = await asyncio.to_thread(store.ingest_path, path, move=True)
    file_ref = await _register(claimed, result, content)
    await record(
        job_collection.record_fetched,
        claimed,
        result_id=result.id,
        size=content.size,
        sha256=content.sha256,
        file_ref=file_ref,
        damage=damage,
    )


async def _register(claimed: Claim, result: WantedResult, content: StoredPath) -> str:
    """Make a file of what has come; it is kept until that can be done, and becomes one once."""
    facts = {
        "owner_ref": claimed.owner_ref,
        "job_ref": claimed.job_ref,
        "name": PurePosixPath(result.name).name,
        "content": content,
    }
    try:
        file = await call(db.FILES, files.add_result, **facts)
    except db.Away as error:
        await record(job_waits.waiting, claimed, reason=str(error))
        file = await insist(db.FILES, files.add_result, **facts)
    return file.ref


async def _damage(claimed: Claim, result: WantedResult, path: Path) -> str:
    """What is wrong with a result that has come whole; raises where it should come anew."""
    damage = await asyncio.to_thread(damage_of, path, result.name)
    if damage:
        sha256 = await asyncio.to_thread(store.sha256_of, path)
        if await record(
            job_collection.record_damage,
            claimed,
            result_id=result.id,
            sha256=sha256,
            damage=damage,
        ):
            await asyncio.to_thread(path.unlink)
            again = f"“{result.name}” does not open: {damage}. It is fetched anew."
            raise _Interrupted(InvalidAnswer(again), brought=False)
    return damage


async def _try_again(claimed: Claim, error: ConnectorError) -> None:
    if isinstance(error, NotAuthorised):
        await record(job_outcomes.not_authorised, claimed, reason=str(error))
    elif isinstance(error, UnknownRun):
        await record(job_outcomes.unknown_there, claimed, poll=settings().poll_interval_seconds)
    else:
        wish = error.retry_after if isinstance(error, Busy) else None
        await record(job_outcomes.no_contact, claimed, reason=str(error), retry_after=wish)
