"""What a connector is: one module per protocol, all with this contract.

Connectors are async and stateless, and raise `app.connectors.errors.ConnectorError` only.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Protocol

import httpx

from app.connectors.conformance import Examinable
from app.connectors.offers import PanelOffer
from app.connectors.run_request import RunRequest
from app.connectors.run_stages import RunStage


class Capability(StrEnum):
    """What a service can do beyond the least."""

    LIST_RUNS = "list_runs"
    FIND_BY_TAG = "find_by_tag"
    ATTACHMENTS = "attachments"
    DOWNLOAD = "download"
    CANCEL = "cancel"
    TASKS = "tasks"
    PANELS = "panels"
    RESTART = "restart"


class RunState(StrEnum):
    """What a run is doing, in our words; the service's own word is kept beside it.

    A run is interrupted where the service stopped in the middle of it and can start it again
    (`Connector.restart`).
    """

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETE = "complete"
    FAILED = "failed"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"
    UNKNOWN = "unknown"


class CancelOutcome(StrEnum):
    """What the service said to a cancel. Whether the run really stops is seen by polling.

    "Ignored" is said only of a service that is known to accept cancels and to do nothing.
    """

    ACCEPTED = "accepted"
    ALREADY_FINISHED = "already_finished"
    REFUSED = "refused"
    IGNORED = "ignored"


@dataclass(frozen=True)
class Endpoint:
    """Where a service is and how to speak to it. `token` is a bearer token; never log it.

    `known` says which features are verified to conform (true) or to deviate (false), as long as
    the service runs `software`; both are empty where nothing was verified.
    """

    base_url: str
    token: str = field(default="", repr=False)
    api_config: Mapping[str, Any] = field(default_factory=dict)
    known: Mapping[str, bool] = field(default_factory=dict)
    software: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ServiceFacts:
    """What a service says about itself, every part of it optional in practice.

    `raw` is the answer as it came.
    """

    name: str = ""
    version: str = ""
    description: str = ""
    organization: str = ""
    contact_url: str = ""
    documentation_url: str = ""
    protocol_versions: Sequence[str] = ()
    workflow_types: Mapping[str, Sequence[str]] = field(default_factory=dict)
    workflow_engines: Mapping[str, Sequence[str]] = field(default_factory=dict)
    filesystem_protocols: Sequence[str] = ()
    default_parameters: Sequence[Mapping[str, Any]] = ()
    state_counts: Mapping[str, int] = field(default_factory=dict)
    auth_instructions_url: str = ""
    maintenance: str = ""
    capabilities: frozenset[Capability] = frozenset()
    raw: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TokenFacts:
    """What a service says of the credential. `message` is its own word, or why it cannot be told.

    `is_accepted` is None where it cannot be told.
    """

    is_accepted: bool | None
    message: str = ""
    account: str = ""
    expires_at: datetime | None = None


@dataclass(frozen=True)
class RunStatus:
    """One look at a run. `raw_state` is the service's own word.

    `position` is its place in the service's queue, from 1 on, where that is told. The service
    deletes what the run left at `expires_at`; with `results_gone` it has done so.
    """

    remote_id: str
    state: RunState
    raw_state: str
    message: str = ""
    position: int | None = None
    stages: Sequence[RunStage] = ()
    expires_at: datetime | None = None
    results_gone: bool = False


@dataclass(frozen=True)
class RunLog:
    """A text that the service keeps of a run, stripped of ANSI codes and capped in length."""

    name: str
    text: str
    is_truncated: bool = False


@dataclass(frozen=True)
class RemoteFile:
    """An output of a run.

    `location` is its URL or its path at the service; `can_download` says whether `open` works.
    `version` is that of the `Download` whose reading is to go on. `downloads_left` is how often the
    service will still hand it out, each request counted; None: as often as is wished.
    """

    name: str
    location: str
    size: int | None = None
    can_download: bool = True
    version: str = ""
    downloads_left: int | None = None


@dataclass(frozen=True)
class Download:
    """An output being read.

    `offset` is where the bytes begin, which is 0 if the service ignored the wish to continue;
    `size` is the whole file's, if the service says; `version` names its content, if the service
    does (a strong ETag, RFC 9110, 8.8.3).
    """

    chunks: AsyncIterator[bytes]
    offset: int
    size: int | None
    version: str = ""


@dataclass(frozen=True)
class RunDetails:
    """What is known of a run at its end: logs, outputs, exit code, and the cause of a failure.

    `job_ref` is our id that the run carries, empty where the service shows none.
    """

    status: RunStatus
    job_ref: str = ""
    logs: Sequence[RunLog] = ()
    outputs: Sequence[RemoteFile] = ()
    exit_code: int | None = None
    failure: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None


class Connector(Examinable, Protocol):
    """How a protocol is spoken. Every method raises `ConnectorError` and nothing else."""

    api_type: ClassVar[str]

    def __init__(self, client: httpx.AsyncClient, endpoint: Endpoint) -> None: ...

    async def probe(self) -> ServiceFacts:
        """Ask the service about itself; an answer that is not of the protocol raises."""
        ...

    async def check_authorised(self) -> None:
        """Ask something that needs the credential; `NotAuthorised` if it is not accepted."""
        ...

    async def token_facts(self) -> TokenFacts:
        """Whether the service accepts the credential, whose it is, and when it ends."""
        ...

    async def panels(self) -> Sequence[PanelOffer]:
        """What the service offers; `Unsupported` where the protocol has no panels."""
        ...

    async def submit(self, request: RunRequest) -> str:
        """Start a run and return the service's id of it."""
        ...

    async def find(self, job_ref: str) -> str | None:
        """The id of the run that carries our id, or None if surely none does.

        `Unsupported` where the service cannot tell.
        """
        ...

    async def status(self, remote_ids: Sequence[str]) -> Mapping[str, RunStatus]:
        """The states of runs, many at once where the protocol lists; unknown ids are left out."""
        ...

    async def stages(self, remote_id: str) -> Sequence[RunStage]:
        """The stages of a run, with one more request, where `status` does not tell them.

        `Unsupported` where the service tells none, or tells them with the state.
        """
        ...

    async def details(self, remote_id: str) -> RunDetails:
        """Logs, outputs and stages of a run."""
        ...

    def open(self, file: RemoteFile, *, offset: int = 0) -> AbstractAsyncContextManager[Download]:
        """Read an output from `offset` on."""
        ...

    async def cancel(self, remote_id: str) -> CancelOutcome:
        """Ask the service to stop a run."""
        ...

    async def restart(self, remote_id: str) -> None:
        """Have the service start an interrupted run again; `Unsupported` where it cannot."""
        ...
