"""The words in which the health of a service is told.

up                     it answers the protocol, in good time, and accepts our credential
degraded               it answers, but slowly, or fails behind its front door
stalled                it answers, but its queue does not move
authorisation_needed   it answers, but wants a credential or does not accept ours
maintenance            it says that it is being worked on
down                   no answer, or one that is not of the protocol
unknown                not probed yet, or this lab's own network is away, so that nobody can tell

Whether a service is paused, retired, or in a maintenance window of ours is not found by probing: it
is laid over these where they are shown (`app.domain.services`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from app.connectors.base import ServiceFacts


class Health(StrEnum):
    """A service's state."""

    UP = "up"
    DEGRADED = "degraded"
    STALLED = "stalled"
    AUTHORISATION_NEEDED = "authorisation_needed"
    MAINTENANCE = "maintenance"
    DOWN = "down"
    UNKNOWN = "unknown"


# In these it answers and works, if not as well as it should.
AVAILABLE = frozenset({Health.UP, Health.DEGRADED, Health.STALLED})


class Layer(StrEnum):
    """What a check looks at, from the outside in; each rests on those before it."""

    REACHABLE = "reachable"
    TLS = "tls"
    PROTOCOL = "protocol"
    CREDENTIALS = "credentials"
    PANELS = "panels"
    CANARY = "canary"


class Verdict(StrEnum):
    """What came of looking at a layer; untold where the service has no such thing to look at."""

    PASSED = "passed"
    FAILED = "failed"
    UNTOLD = "untold"


@dataclass(frozen=True)
class LayerFinding:
    """What was found of one layer, and why."""

    layer: Layer
    verdict: Verdict
    detail: str = ""


@dataclass(frozen=True)
class QueueCounts:
    """A service's own counters of runs; None where it does not report the number.

    `queued` and `running` are of now; the others only grow, until the service forgets them:
    `finished` in any way, and of these the failures by the run's fault and by the service's.
    """

    queued: int | None = None
    running: int | None = None
    finished: int | None = None
    executor_errors: int | None = None
    system_errors: int | None = None


@dataclass(frozen=True)
class Finding:
    """What a probe found by itself, before anything is confirmed.

    `checked_at` is when it began; `response_time_ms` is None where nothing answered; `layer` is the
    one that failed, if any; `layers` are all that it looked at. `lease_until` is that of the claim
    (`DueProbe.lease_until`): a finding under a claim that is void is not written down.
    """

    service_ref: str
    health: Health
    checked_at: datetime
    response_time_ms: float | None = None
    message: str = ""
    layer: Layer | None = None
    layers: Sequence[LayerFinding] = ()
    facts: ServiceFacts | None = field(default=None, repr=False)
    counts: QueueCounts | None = None
    certificate: Mapping[str, Any] | None = None
    lease_until: datetime | None = None


@dataclass(frozen=True)
class StateChange:
    """A confirmed change of a service's state; `at` is when the first probe found the new one."""

    service_id: int
    service_ref: str
    before: Health
    after: Health
    at: datetime
    reason: str = ""
    layer: Layer | None = None
