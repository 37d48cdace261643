"""Collecting what a run left: its logs, then each result, resumed where a fetch stopped."""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

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
from app.domain import (
    job_collection,
    job_downloads,
    job_leftovers,
    job_outcomes,
    job_quality_lists,
    job_results,
    result_expiry,
    service_limits,
    store,
)
from app.domain.archive_passwords import KeyLost, password_of, without
from app.domain.errors import NotFound, Refused
from app.domain.job_collection import WantedResult
from app.domain.job_queue import Claim
from app.domain.job_states import JobStatus
from models import db
from models.away import refuse_if_away
from models.threads import call
from workers import contact
from workers.endpoints import connector_of
from workers.fetch import (
    Interrupted,
    fetch_to_disk,
    is_whole,
    partial_path,
    size_of,
    whole_path,
)
from workers.keeping import keep
from workers.learning import learn_from_log, learn_from_output
from workers.leases import claim, kept, record, surviving


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
    await asyncio.to_thread(_keep_from_sweep, claimed)
    connector = await connector_of(client, claimed)
    if connector is None:
        return
    try:
        details = await connector.details(claimed.remote_id)
    except ConnectorError as error:
        if isinstance(error, UnknownRun) and await _is_over(claimed):
            async with _excused(claimed):
                await _end_as_gone(claimed, None)
        else:
            await _try_again(claimed, error)
        await contact.failed(connector, [claimed], error)
        return
    await contact.heard([claimed])
    await learn_from_log(claimed, details)
    async with _excused(claimed):
        # A service may repeat it, and what cannot be read cannot be hidden.
        password_of(claimed.archive_password)
        await record(job_collection.record_logs, claimed, details=details)
        await _conclude(connector, claimed, details)


def _keep_from_sweep(claimed: Claim) -> None:
    """Let nobody sweep away what a job has so far: where it is held, it may never come again."""
    for path in store.partial_dir().glob(f"{claimed.job_ref}.*"):
        with suppress(FileNotFoundError):
            os.utime(path)


async def _is_over(claimed: Claim) -> bool:
    """Whether a run that its service knows no more, as it says again and again, left nothing there.

    That is so where the time is over for which the service keeps results.
    """
    if claimed.attempts + 1 < job_outcomes.UNKNOWN_LOOKS:
        return False
    await _note_expiry(claimed, None)
    is_over: bool = await record(result_expiry.is_over, claimed)
    return is_over


@asynccontextmanager
async def _excused(claimed: Claim) -> AsyncIterator[None]:
    """Have the job say what kept its results from coming, and try again later."""
    try:
        yield
    except KeyLost as error:
        await record(job_outcomes.held, claimed, held_reason="key_lost", explanation=error.message)
    except Refused as error:
        await record(job_outcomes.held, claimed, held_reason="no_room", explanation=error.message)
    except Interrupted as error:
        # A fetch that gets further is no failure in a row, however often it is cut.
        again = replace(claimed, attempts=0) if error.brought else claimed
        await _try_again(again, error.cause)
    except ConnectorError as error:
        await _try_again(claimed, error)


async def _conclude(connector: Connector, claimed: Claim, details: RunDetails) -> None:
    state = details.status.state
    if state is RunState.FAILED:
        await _fetch_telling(connector, claimed, details)
        await record(job_collection.record_failure, claimed, details=details)
        await asyncio.to_thread(_clear, claimed)
    elif state is RunState.CANCELLED:
        await record(job_collection.record_cancelled, claimed)
    elif state is RunState.COMPLETE and details.status.results_gone:
        await _end_as_gone(claimed, details)
    elif state is RunState.COMPLETE:
        await _note_expiry(claimed, details)
        wanted: Sequence[WantedResult] | None = await record(
            job_collection.list_results, claimed, details=details
        )
        if wanted is None:
            await _fetch_telling(connector, claimed, details)
            await record(job_collection.record_missing, claimed, details=details)
            await asyncio.to_thread(_clear, claimed)
            return
        for result in wanted:
            await _fetch(connector, claimed, result)
        await _count_lists(claimed)
        if not await record(job_downloads.keep_last, claimed):
            await record(job_collection.record_collected, claimed)
            await asyncio.to_thread(_clear, claimed)
    else:
        # The end was seen before: some servers say UNKNOWN for a moment between two states.
        word = details.status.raw_state
        raise Unreachable(f"The service says {word} of a run that it has said to be over.")


async def _fetch_telling(connector: Connector, claimed: Claim, details: RunDetails) -> None:
    """Fetch what tells why a run failed. Each is tried once: its failure is the news."""
    for result in await record(job_collection.list_telling, claimed, details=details):
        try:
            await _fetch(connector, claimed, result, may_come_again=False)
        except (Interrupted, ConnectorError, Refused) as error:
            reason = f"It could not be fetched: {error}"
            await record(job_results.record_remote, claimed, result_id=result.id, reason=reason)
    await _count_lists(claimed)


async def _end_as_gone(claimed: Claim, details: RunDetails | None) -> None:
    """End a job with what came before its service deleted the rest, or forgot the run (None)."""
    for result in await record(job_collection.results_to_fetch, claimed):
        if await asyncio.to_thread(is_whole, claimed, result):
            await keep(claimed, result, may_come_again=False)
    await record(job_leftovers.record_gone, claimed, details=details)
    await asyncio.to_thread(_clear, claimed)


async def _count_lists(claimed: Claim) -> None:
    """Count what the service's quality control left out, from the lists that have come."""
    lists = await record(job_quality_lists.quality_lists, claimed)
    if not lists:
        return
    counts = await asyncio.to_thread(job_quality_lists.count_lists, lists)
    await record(job_quality_lists.record_counts, claimed, counts=counts)


async def _note_expiry(claimed: Claim, details: RunDetails | None) -> None:
    """Keep when the service deletes the results; without the registry its own word alone counts."""
    days = None
    if await record(result_expiry.expects_retention, claimed):
        with suppress(db.Away, NotFound):
            days = await call(
                db.REGISTRY, service_limits.retention_days_of, service_ref=claimed.service_ref
            )
    await record(result_expiry.note_expiry, claimed, details=details, retention_days=days)


async def _fetch(
    connector: Connector, claimed: Claim, result: WantedResult, *, may_come_again: bool = True
) -> None:
    # Nothing is fetched that could not be kept.
    refuse_if_away(db.FILES)
    path = partial_path(claimed, result)
    before = size_of(path)

    async def tell(fetched_bytes: int, size: int | None) -> None:
        await record(
            job_results.record_progress,
            claimed,
            result_id=result.id,
            fetched_bytes=fetched_bytes,
            size=size,
        )

    if not await asyncio.to_thread(is_whole, claimed, result):
        if not await record(job_downloads.spend, claimed, result_id=result.id):
            return
        try:
            await fetch_to_disk(connector, result, path, tell=tell)
        except NotAuthorised:
            raise
        except (Rejected, UnknownRun, Unsupported) as error:
            await _refused(claimed, result, error)
            return
        except ConnectorError as error:
            await tell(size_of(path), None)
            if isinstance(error, InvalidAnswer):
                await record(job_results.forget_size, claimed, result_id=result.id)
            raise Interrupted(error, brought=size_of(path) > before) from error
        except Refused:
            await record(job_results.forget_size, claimed, result_id=result.id)
            raise
        await asyncio.to_thread(path.rename, whole_path(claimed, result))
    await learn_from_output(claimed, result.location)
    await keep(claimed, result, may_come_again=may_come_again)


async def _refused(claimed: Claim, result: WantedResult, error: ConnectorError) -> None:
    """The service does not hand a result out; raises where it may yet."""
    if not await record(
        job_results.record_refusal, claimed, result_id=result.id, reason=str(error)
    ):
        raise Interrupted(error, brought=False) from error
    refusal = without(claimed.archive_password, str(error))
    await learn_from_output(claimed, result.location, refusal=refusal)


def _clear(claimed: Claim) -> None:
    """Remove what earlier turns of the job left half done."""
    for path in store.partial_dir().glob(f"{claimed.job_ref}.*"):
        path.unlink(missing_ok=True)


async def _try_again(claimed: Claim, error: ConnectorError) -> None:
    if isinstance(error, NotAuthorised):
        await record(job_outcomes.not_authorised, claimed, reason=str(error))
    elif isinstance(error, UnknownRun):
        await record(job_outcomes.unknown_there, claimed, poll=settings().poll_interval_seconds)
    else:
        wish = error.retry_after if isinstance(error, Busy) else None
        await record(job_outcomes.no_contact, claimed, reason=str(error), retry_after=wish)
