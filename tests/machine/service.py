"""A stand-in for a service, in memory, with every weakness that a real one was seen to have.

It speaks no protocol: `StandIn` is a connector, and keeps the connector's contract (`find` says
None only where no run carries the id, `Busy` and `Rejected` only where nothing was taken).
"""

import gzip
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, ClassVar

from app.connectors.base import (
    CancelOutcome,
    Download,
    RemoteFile,
    RunDetails,
    RunLog,
    RunState,
    RunStatus,
)
from app.connectors.errors import (
    Busy,
    ConnectorError,
    InvalidAnswer,
    NotAuthorised,
    Rejected,
    ServiceFault,
    SlotsFull,
    UnknownRun,
    Unreachable,
    Unsupported,
)
from app.connectors.run_request import RunRequest
from app.connectors.run_stages import RunStage
from tests.machine.clock import Clock
from tests.machine.process import current

REQUIRED = "imputed.vcf.gz"
# Seconds that a request can be under way, and that a run can take to appear in the list.
LONGEST_FLIGHT = 25.0
LONGEST_HIDING = 25.0

ENDED = (RunState.COMPLETE, RunState.FAILED, RunState.CANCELLED)

# What can go wrong once with any request: (its effect happens all the same, the error).
TROUBLES: Mapping[str, tuple[bool, ConnectorError]] = {
    "no connection": (False, Unreachable("No connection.")),
    "lost request": (False, Unreachable("Broke off.", may_have_arrived=True)),
    "lost answer": (True, Unreachable("Broke off.", may_have_arrived=True)),
    "fault": (False, ServiceFault("HTTP 500")),
    "late fault": (True, ServiceFault("HTTP 500")),
    "garbled answer": (True, InvalidAnswer("This is HTML.")),
    "busy": (False, Busy("HTTP 429")),
    "busy for long": (False, Busy("HTTP 503", retry_after=600.0)),
    "not authorised": (False, NotAuthorised("HTTP 401")),
    "no slot": (False, SlotsFull("Only 2 jobs per user can be executed simultaneously.")),
}
# What a service says for good, and to which questions the platform takes it so.
REFUSALS: Mapping[str, tuple[str, ConnectorError]] = {
    "refused": ("submit", Rejected("workflow_type is not supported")),
    "cannot tell": ("find", Unsupported("too many runs")),
    "no cancel": ("cancel", Rejected("HTTP 403")),
}


@dataclass
class Abilities:
    """What the service can do, as drawn for one test."""

    finds: bool = True
    hides_new_runs: bool = False
    cancels: str = "obeys"
    continues_downloads: bool = True
    tells_sizes: bool = True


@dataclass
class Run:
    """A run at the service.

    `shown` are the states that it was ever said to be in, `refusals` how often its file was.
    """

    remote_id: str
    job_ref: str
    visible_at: float
    state: RunState = RunState.QUEUED
    shown: set[RunState] = field(default_factory=set)
    is_forgotten: bool = False
    is_hidden: bool = False
    lacks_result: bool = False
    is_retired: bool = False
    refusals: int = 0

    def content(self) -> bytes:
        """What the run leaves: a readable VCF that no other run leaves."""
        lines = ("##fileformat=VCFv4.2", f"##run={self.remote_id}", "#CHROM\tPOS\tID\tREF\tALT")
        return gzip.compress("\n".join((*lines, "")).encode(), mtime=0)


@dataclass
class Flight:
    """A request to start a run, on its way: it arrives in time or never."""

    job_ref: str
    left_at: float
    run: Run | None = None


class Service:
    """The service as it is now, and everything that it ever did."""

    def __init__(self, clock: Clock, abilities: Abilities) -> None:
        self.clock, self.abilities = clock, abilities
        self.runs: list[Run] = []
        self.flights: list[Flight] = []
        self.refused: set[str] = set()
        self.could_not_find: set[str] = set()
        self.is_away = False
        self.troubles: dict[str, str] = {}
        self.cut_after = -1

    def runs_of(self, job_ref: str) -> list[Run]:
        """The runs that carry an id and that the service still knows."""
        return [run for run in self.runs if run.job_ref == job_ref and not run.is_forgotten]

    def flights_of(self, job_ref: str) -> list[Flight]:
        """The requests that may still become a run."""
        return [flight for flight in self.flights if flight.job_ref == job_ref]

    def arrive(self, flight: Flight) -> None:
        """A request arrives, if it is not too late."""
        if flight not in self.flights:
            return
        self.flights.remove(flight)
        time = self.clock.seconds()
        if time - flight.left_at > LONGEST_FLIGHT:
            return
        hiding = LONGEST_HIDING if self.abilities.hides_new_runs else 0.0
        flight.run = Run(f"run-{len(self.runs)}", flight.job_ref, visible_at=time + hiding)
        self.runs.append(flight.run)

    def drop_late_flights(self) -> None:
        """Give up the requests that were under way for too long."""
        time = self.clock.seconds()
        self.flights = [one for one in self.flights if time - one.left_at <= LONGEST_FLIGHT]

    def become_well(self) -> None:
        """Answer everything from now on; what is forgotten stays so."""
        self.is_away, self.cut_after = False, -1
        self.troubles.clear()
        for run in self.runs:
            run.is_hidden = False

    def known(self, remote_id: str) -> Run:
        """A run that the service shows."""
        for run in self.runs:
            if run.remote_id == remote_id and not (run.is_forgotten or run.is_hidden):
                return run
        raise UnknownRun("HTTP 404")

    def trouble(self, operation: str) -> tuple[bool, ConnectorError | None]:
        """Whether a request that arrives now has its effect, and the error that comes back."""
        if self.is_away:
            return TROUBLES["no connection"]
        name = self.troubles.pop(operation, "")
        if name in REFUSALS:
            return False, REFUSALS[name][1]
        return TROUBLES.get(name, (True, None))


class StandIn:
    """The connector to the stand-in. Each question has a way there and a way back."""

    api_type: ClassVar[str] = "stand-in"
    service: ClassVar[Service]

    def __init__(self, client: object, endpoint: object) -> None:
        self._process = current()

    async def submit(self, request: RunRequest) -> str:
        service, job_ref = self.service, request.job_ref
        flight = Flight(job_ref, service.clock.seconds())
        if not service.is_away:
            service.flights.append(flight)
        await self._process.gate("submit on its way")
        has_effect, error = service.trouble("submit")
        if has_effect:
            service.arrive(flight)
        elif flight in service.flights:
            service.flights.remove(flight)
        await self._process.gate("answer to submit")
        if isinstance(error, Rejected) and flight.run is None:
            service.refused.add(job_ref)
        if error is not None and (error.may_have_arrived or flight.run is None):
            raise error
        if flight.run is None or error is not None:
            raise Unreachable("No answer in time.", may_have_arrived=True)
        return flight.run.remote_id

    async def find(self, job_ref: str) -> str | None:
        if not self.service.abilities.finds:
            self.service.troubles["find"] = "cannot tell"
        if self.service.troubles.get("find") == "cannot tell":
            self.service.could_not_find.add(job_ref)
        await self._asked("find")
        time = self.service.clock.seconds()
        shown = [run for run in self.service.runs_of(job_ref) if run.visible_at <= time]
        await self._process.gate("answer to find")
        return shown[0].remote_id if shown else None

    async def status(self, remote_ids: Sequence[str]) -> Mapping[str, RunStatus]:
        await self._asked("status")
        states = {}
        for remote_id in remote_ids:
            try:
                states[remote_id] = self._said(self.service.known(remote_id))
            except UnknownRun:
                continue
        await self._process.gate("answer to status")
        return states

    async def details(self, remote_id: str) -> RunDetails:
        await self._asked("details")
        run = self.service.known(remote_id)
        status = self._said(run)
        size = len(run.content()) if self.service.abilities.tells_sizes else None
        is_lacking = run.lacks_result or run.is_retired
        has_files = status.state is RunState.COMPLETE and not is_lacking
        outputs = [RemoteFile(REQUIRED, remote_id, size)] if has_files else []
        await self._process.gate("answer to details")
        shown = run.job_ref if self.service.abilities.finds else ""
        logs = [RunLog("stderr", status.raw_state)]
        return RunDetails(status, job_ref=shown, logs=logs, outputs=outputs)

    @asynccontextmanager
    async def open(self, file: RemoteFile, *, offset: int = 0) -> AsyncIterator[Download]:
        await self._asked("open")
        run = next(run for run in self.service.runs if run.remote_id == file.location)
        run.refusals += run.is_hidden or run.is_forgotten or run.is_retired
        if self.service.known(file.location).is_retired:
            raise Rejected("HTTP 404")
        content = run.content()
        start = offset if self.service.abilities.continues_downloads else 0
        size = len(content) if self.service.abilities.tells_sizes else None
        yield Download(self._chunks(content[start:]), start, size)

    async def cancel(self, remote_id: str) -> CancelOutcome:
        await self._process.gate("cancel on its way")
        has_effect, error = self.service.trouble("cancel")
        run = self.service.known(remote_id)
        how, state = self.service.abilities.cancels, run.state
        if has_effect and how == "obeys" and state not in ENDED:
            run.state = RunState.CANCELLING
        await self._process.gate("answer to cancel")
        if error is not None:
            raise error
        if how == "refuses":
            return CancelOutcome.REFUSED
        return CancelOutcome.ALREADY_FINISHED if state in ENDED else CancelOutcome.ACCEPTED

    async def stages(self, remote_id: str) -> Sequence[RunStage]:
        raise Unsupported("It tells no stages.")

    async def restart(self, remote_id: str) -> None:
        await self._process.gate("restart on its way")
        has_effect, error = self.service.trouble("restart")
        run = self.service.known(remote_id)
        is_pending = run.state is not RunState.INTERRUPTED
        if has_effect and not is_pending:
            run.state = RunState.QUEUED
        await self._process.gate("answer to restart")
        if error is not None:
            raise error
        if is_pending:
            raise Rejected("It is not pending.")

    async def check_authorised(self) -> None:
        await self._asked("check")

    async def _asked(self, operation: str) -> None:
        await self._process.gate(f"{operation} on its way")
        _, error = self.service.trouble(operation)
        if error is not None:
            await self._process.gate(f"answer to {operation}")
            raise error

    async def _chunks(self, content: bytes) -> AsyncIterator[bytes]:
        for start in range(0, len(content), 40):
            await self._process.gate("chunk")
            if self.service.cut_after == 0:
                self.service.cut_after = -1
                raise Unreachable("Cut off.")
            self.service.cut_after = max(-1, self.service.cut_after - 1)
            yield content[start : start + 40]

    def _said(self, run: Run) -> RunStatus:
        run.shown.add(run.state)
        is_gone = run.is_retired and run.state in (RunState.COMPLETE, RunState.FAILED)
        return RunStatus(run.remote_id, run.state, str(run.state).upper(), results_gone=is_gone)

    async def _not_asked(self, *_: Any) -> Any:
        raise Unsupported("None of the duties asks this.")

    probe = panels = _not_asked
