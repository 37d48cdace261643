"""Probing services: each at its time, many at once, and none later because another one is slow.

Due services are claimed ahead, a batch with one statement, and each probe begins at its own time by
the monotonic clock. A service is leased to one worker, and has one probe under way. What is found
is collected for a moment and written in one transaction for all.
"""

import asyncio
import math
import resource
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from weakref import WeakKeyDictionary

import httpx
import structlog

from app.config import settings
from app.connectors.base import Endpoint
from app.connectors.probe_client import open_probe_client
from app.domain import probe_records, probe_schedule, service_contacts, token_sending
from app.domain.errors import Refused
from app.domain.health import Finding, Health, Layer
from app.domain.panel_needs import PanelNeed, panel_needs
from app.domain.probe_schedule import DueProbe
from models import db
from models.base import now
from models.threads import call
from workers.examination import examine, refused
from workers.lateness import Lateness
from workers.own_network import AWAY, OwnNetwork, places_of

# Probes that are due within so many seconds are claimed, so that the next turn may come late.
AHEAD_SECONDS = 4.0
# What was found waits so long for more, so that many are written at once: shortly where it may be
# news or somebody waits for it, and long where it is what was expected.
SOON_SECONDS, LATER_SECONDS = 0.2, 3.0
MANY, MOST_AT_ONCE = 100, 500
# Probes begin together at these ticks: the loop then wakes once for many of them, not for each.
TICK_SECONDS = 0.05
# Open files that are not for probes.
OTHER_FILES = 200

log = structlog.get_logger(__name__)


class Checker:
    """The probes of one worker. Its slots are for claimed probes, so that none waits for one."""

    def __init__(self, *, ahead_seconds: float = 0.0) -> None:
        self._ahead = ahead_seconds
        self._slots = _allowed(settings().probe_slots)
        self._held: dict[str, asyncio.Task[None] | None] = {}
        self._found: list[Finding] = []
        self._under_way = 0
        self._hurry = asyncio.Event()
        self._lateness = Lateness()
        self._watching: asyncio.Task[None] | None = None
        self._writing: asyncio.Task[None] | None = None
        self._clients: dict[float, httpx.AsyncClient] = {}
        self._network = OwnNetwork(places_of(settings().network_references))

    @property
    def unwritten(self) -> int:
        """How many findings wait to be written."""
        return len(self._found)

    async def turn(self) -> None:
        """Claim what is due and begin its probes, each at its time."""
        room = self._slots - len(self._held)
        if room <= 0:
            return
        # The waits count from here, however long the claim takes.
        asked_at = asyncio.get_running_loop().time()
        claimed = await call(
            db.REGISTRY, probe_schedule.claim_due, limit=room, ahead_seconds=self._ahead, at=now()
        )
        # A lease that ended while its probe was under way is none that a second one may have.
        due = [one for one in claimed if one.service_ref not in self._held]
        if not due:
            return
        self._held.update(dict.fromkeys((one.service_ref for one in due), None))
        try:
            await self._begin(due, asked_at)
        except Exception:
            # They are due again when their leases end.
            self._release([ref for ref, task in self._held.items() if task is None])
            raise

    async def _begin(self, due: Sequence[DueProbe], asked_at: float) -> None:
        tokens = await self._tokens(due)
        needs = await self._needs(due)
        for one in due:
            ref = one.service_ref
            if ref in tokens:
                work = self._probe(one, tokens[ref], asked_at + one.starts_in, needs.get(ref))
                self._held[ref] = asyncio.create_task(work)
        if self._watching is None or self._watching.done():
            self._watching = asyncio.create_task(self._lateness.watch(lambda: self._held))

    def _release(self, refs: Iterable[str]) -> None:
        for ref in refs:
            self._held.pop(ref, None)

    async def idle(self) -> None:
        """Wait until nothing is under way and all that was found is written."""
        while tasks := [task for task in (*self._held.values(), self._writing) if task]:
            await asyncio.wait(tasks)

    async def stop(self) -> None:
        """End all probes, write what was found, and give the others back."""
        probes = [task for task in self._held.values() if task]
        for task in probes:
            task.cancel()
        await asyncio.gather(*probes, return_exceptions=True)
        self._hurry.set()
        while self._writing:
            await asyncio.wait([self._writing])
        for client in self._clients.values():
            await client.aclose()
        if self._held:
            await self._put_off(list(self._held))

    async def __aenter__(self) -> "Checker":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        await self.stop()

    async def _tokens(self, due: Sequence[DueProbe]) -> dict[str, str | Refused]:
        """The token of each service; without them nothing is asked, as a refusal says nothing."""
        places = {one.service_ref: one.base_url for one in due}
        try:
            return await call(db.USERS, token_sending.tokens_of, places=places)
        except db.UNAVAILABLE:
            await self._put_off(list(places))
            return {}

    async def _needs(self, due: Sequence[DueProbe]) -> Mapping[str, Sequence[PanelNeed]]:
        """What the panels need of each service whose panels are to be looked at now."""
        refs = [one.service_ref for one in due if Layer.PANELS in one.layers_due]
        if not refs:
            return {}
        try:
            found = await call(db.REGISTRY, panel_needs, service_refs=refs)
        except db.UNAVAILABLE:
            return {}
        return {ref: found.get(ref, ()) for ref in refs}

    async def _put_off(self, refs: Sequence[str]) -> None:
        try:
            await call(db.REGISTRY, probe_schedule.put_off, service_refs=refs)
        finally:
            self._release(refs)

    async def _probe(
        self,
        due: DueProbe,
        token: str | Refused,
        starts_at: float,
        needs: Sequence[PanelNeed] | None,
    ) -> None:
        starts_at = math.ceil(starts_at / TICK_SECONDS) * TICK_SECONDS
        wait = starts_at - asyncio.get_running_loop().time()
        if wait > 0:
            await asyncio.sleep(wait)
        self._under_way += 1
        try:
            finding = await self._find(due, token, needs)
        except Exception:
            # It is due again when its lease ends.
            log.exception("a probe was lost", service_ref=due.service_ref)
            self._release([due.service_ref])
            return
        finally:
            self._under_way -= 1
        self._found.append(finding)
        enough = MOST_AT_ONCE if self._under_way else MANY
        if due.is_waited_for or finding.health is not Health.UP or len(self._found) >= enough:
            self._hurry.set()
        if self._writing is None:
            self._writing = asyncio.create_task(self._write())

    async def _find(
        self, due: DueProbe, token: str | Refused, needs: Sequence[PanelNeed] | None
    ) -> Finding:
        if isinstance(token, Refused):
            return refused(due, token.message)
        known = due.verified
        endpoint = Endpoint(due.base_url, token, due.api_config, known.features, known.software)
        client = self._client(due.timeout_seconds)
        finding = await examine(client, due, endpoint, needs=needs, lateness=self._lateness)
        return await self._seen_from_here(due, finding)

    async def _seen_from_here(self, due: DueProbe, finding: Finding) -> Finding:
        if finding.response_time_ms is not None:
            self._network.answered(due.base_url)
        elif finding.health is Health.DOWN and await self._network.is_away(due.base_url):
            return Finding(
                due.service_ref,
                Health.UNKNOWN,
                finding.checked_at,
                message=AWAY,
                lease_until=due.lease_until,
            )
        return finding

    def _client(self, timeout_seconds: float) -> httpx.AsyncClient:
        if timeout_seconds not in self._clients:
            self._clients[timeout_seconds] = open_probe_client(request_timeout=timeout_seconds)
        return self._clients[timeout_seconds]

    async def _write(self) -> None:
        """Write what is found until there is nothing more."""
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(LATER_SECONDS):
                    await self._hurry.wait()
                    if self._under_way:
                        await asyncio.sleep(SOON_SECONDS)
            while self._found:
                batch, self._found = self._found[:MOST_AT_ONCE], self._found[MOST_AT_ONCE:]
                try:
                    await _record(batch)
                finally:
                    self._release(finding.service_ref for finding in batch)
        finally:
            self._hurry.clear()
            self._writing = None


async def _record(batch: Sequence[Finding]) -> None:
    """Write findings; where one of them cannot be written, at least all others."""
    try:
        await call(db.REGISTRY, probe_records.record, findings=batch)
    except db.UNAVAILABLE:
        # Nothing can be written down; these are due again when their leases end.
        return
    except Exception:
        log.exception("findings could not be written", service_refs=[f.service_ref for f in batch])
        if len(batch) > 1:
            for finding in batch:
                await _record([finding])
        return
    up = [finding.service_ref for finding in batch if finding.health is Health.UP]
    if up:
        try:
            await call(db.JOBS, service_contacts.heard_by_probes, service_refs=up)
        except db.UNAVAILABLE:
            # Jobs are another database's: without it they cannot go on anyway.
            return


def _allowed(slots: int) -> int:
    """As many slots as this process may open connections, which it is allowed more of if it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = slots + OTHER_FILES
    if soft < wanted and soft != resource.RLIM_INFINITY:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        return max(1, soft - OTHER_FILES)
    return slots


_checkers: WeakKeyDictionary[asyncio.AbstractEventLoop, Checker] = WeakKeyDictionary()


async def check() -> None:
    """A turn of this worker's checker, which goes on by itself with what is due soon."""
    loop = asyncio.get_running_loop()
    if loop not in _checkers:
        _checkers[loop] = Checker(ahead_seconds=AHEAD_SECONDS)
    await _checkers[loop].turn()


async def stop() -> None:
    """End this worker's probes and give back those that are not made yet."""
    if checker := _checkers.pop(asyncio.get_running_loop(), None):
        await checker.stop()


async def sweep() -> None:
    """Probe every service that is due now, and return when all is written."""
    async with Checker() as checker:
        await checker.turn()
        await checker.idle()
