"""What a connector is: one module per protocol, all with this contract.

Connectors are async and stateless. Errors of the network and of the service are translated once,
here at the border, into one small hierarchy:

    ConnectorError           `can_retry` says whether trying the same again can help
    ├── Unreachable          no answer: DNS, TCP, TLS, time limit, connection lost     (retry)
    │   └── Untrusted        TLS does not come about, or shows another than it should  (retry)
    ├── Busy                 429 or 503; `retry_after` seconds if the service said so  (retry)
    ├── ServiceFault         any other 5xx                                             (retry)
    ├── InvalidAnswer        an answer that is not of the protocol                     (retry)
    ├── NotAuthorised        401 or 403: the credential is missing, wrong or expired
    ├── Rejected             the service refuses this request as it is (400, 409, 415, 422)
    ├── UnknownRun           404: the service does not know the run
    └── Unsupported          the protocol or the service lacks this ability
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Protocol

import httpx

from app.connectors.conformance import Examinable
from app.connectors.run_request import RunRequest


class ConnectorError(Exception):
    """Something between us and a service went wrong. The text is fit for a person.

    `may_have_arrived` is true when the request was sent and its effect is not known, so that it may
    have taken effect: after such a `submit` look the run up with `find` before trying again.
    """

    can_retry: ClassVar[bool] = False
    may_have_arrived: bool = False


class Unreachable(ConnectorError):
    """The service did not answer: DNS, TCP, TLS, a time limit, or a lost connection."""

    can_retry = True

    def __init__(self, message: str, *, may_have_arrived: bool = False) -> None:
        self.may_have_arrived = may_have_arrived
        super().__init__(message)


class Untrusted(Unreachable):
    """Somebody is there, but TLS does not come about with it, or its certificate is not valid."""


class Busy(ConnectorError):
    """The service asks us to come back later. `retry_after` is in seconds, if it said."""

    can_retry = True

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(message)


class ServiceFault(ConnectorError):
    """The service failed with an error of its own (5xx)."""

    can_retry = True
    may_have_arrived = True


class InvalidAnswer(ConnectorError):
    """The answer is not of the protocol: HTML, broken JSON, wrong types, too long."""

    can_retry = True
    may_have_arrived = True


class NotAuthorised(ConnectorError):
    """The service wants a credential, or does not accept the one it was given."""


class Rejected(ConnectorError):
    """The service refuses the request as it is; sending it again unchanged cannot help."""


class UnknownRun(ConnectorError):
    """The service does not know the run."""


class Unsupported(ConnectorError):
    """The protocol or this service lacks the ability."""


class Capability(StrEnum):
    """What a service can do beyond the least."""

    LIST_RUNS = "list_runs"
    FIND_BY_TAG = "find_by_tag"
    ATTACHMENTS = "attachments"
    DOWNLOAD = "download"
    CANCEL = "cancel"
    TASKS = "tasks"
    PANELS = "panels"


class RunState(StrEnum):
    """What a run is doing, in our words; the service's own word is kept beside it."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETE = "complete"
    FAILED = "failed"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"
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
class PanelOffer:
    """A panel as the service itself describes it."""

    panel_id: str
    name: str
    population: str = ""
    build: str = ""
    sample_count: int | None = None
    variant_count: int | None = None


@dataclass(frozen=True)
class RunStatus:
    """One look at a run. `raw_state` is the service's own word."""

    remote_id: str
    state: RunState
    raw_state: str
    message: str = ""


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
    `version` is that of the `Download` whose reading is to go on.
    """

    name: str
    location: str
    size: int | None = None
    can_download: bool = True
    version: str = ""


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

    async def details(self, remote_id: str) -> RunDetails:
        """Logs and outputs of a run."""
        ...

    def open(self, file: RemoteFile, *, offset: int = 0) -> AbstractAsyncContextManager[Download]:
        """Read an output from `offset` on."""
        ...

    async def cancel(self, remote_id: str) -> CancelOutcome:
        """Ask the service to stop a run."""
        ...
