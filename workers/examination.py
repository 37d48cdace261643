"""Looking at one service, layer by layer from the outside in, and judging what it answers.

reachable     a connection comes about                       else down
tls           and so does TLS, with a valid certificate      else down
protocol      the answer is one of the protocol              else down; degraded where it is slow,
              or the service asks us to come back later
credentials   our credential is accepted                     else authorisation needed, or degraded
              where the service fails at it
panels        its list of panels can be read, or it runs     else degraded
              what its panels here need

Whether the service declares maintenance is told by its answer. The layers behind the protocol are
not looked at by every probe, but when they are due.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace

import httpx
import structlog

from app.connectors import CONNECTORS
from app.connectors.base import Connector, Endpoint, ServiceFacts
from app.connectors.errors import (
    Busy,
    ConnectorError,
    NotAuthorised,
    Unreachable,
    Unsupported,
    Untrusted,
)
from app.domain.health import Finding, Health, Layer, LayerFinding, Verdict
from app.domain.panel_needs import PanelNeed
from app.domain.probe_schedule import DueProbe
from app.domain.queue_counts import counts_of
from models.base import now
from workers.lateness import Lateness
from workers.layers import look_at_certificate, look_at_panels

# A time limit that is noticed this much later, or half of which this machine itself lost, says more
# of this machine than of the service.
TOO_LATE_SECONDS = 2.0
TOO_MANY_REQUESTS = "(429 "

# A probe's lease leaves room for these beside the probe's own limit.
BEHIND_SECONDS = 8.0
CERTIFICATE_SECONDS = 5.0

# That TLS came about is told by the look at the certificate, which has a schedule of its own.
REACHED = (LayerFinding(Layer.REACHABLE, Verdict.PASSED),)
ANSWERED = (*REACHED, LayerFinding(Layer.PROTOCOL, Verdict.PASSED))

log = structlog.get_logger(__name__)


async def examine(
    client: httpx.AsyncClient,
    due: DueProbe,
    endpoint: Endpoint,
    *,
    needs: Sequence[PanelNeed] | None = None,
    lateness: Lateness | None = None,
) -> Finding:
    """Look at one service. Never raises; its time limit begins now.

    What `lateness` grows by meanwhile is this process's own slowness.
    """
    blank = Finding(due.service_ref, Health.UNKNOWN, now(), lease_until=due.lease_until)
    try:
        own = lateness or Lateness()
        finding = await _look(CONNECTORS[due.api_type](client, endpoint), due, blank, needs, own)
        is_due = Layer.TLS in due.layers_due and finding.layer is not Layer.REACHABLE
        if is_due or finding.layer is Layer.TLS:
            finding = await _with_certificate(due, finding)
    except Exception:
        # One service's surprise must not keep the others from being looked at.
        log.exception("probe failed", service_ref=due.service_ref)
        text = "The platform itself failed while checking this service; its log says why."
        return replace(blank, message=text)
    return finding


def refused(due: DueProbe, message: str) -> Finding:
    """What is found where our credential may not be sent, so that nothing can be asked."""
    blank = Finding(due.service_ref, Health.UNKNOWN, now(), lease_until=due.lease_until)
    return _failed(blank, Health.AUTHORISATION_NEEDED, Layer.CREDENTIALS, message)


async def _look(
    connector: Connector,
    due: DueProbe,
    blank: Finding,
    needs: Sequence[PanelNeed] | None,
    lateness: Lateness,
) -> Finding:
    started, late = time.monotonic(), lateness.seconds
    try:
        facts = await connector.probe()
    except Unreachable as error:
        return _unanswered(
            error, due, blank, time.monotonic() - started, lost=lateness.seconds - late
        )
    except ConnectorError as error:
        elapsed = _milliseconds_since(started)
        return _badly_answered(error, replace(blank, response_time_ms=elapsed))
    elapsed = _milliseconds_since(started)
    is_slow = elapsed - (lateness.seconds - late) * 1000 > due.slow_ms
    answered = replace(
        blank,
        health=Health.UP,
        response_time_ms=elapsed,
        facts=facts,
        counts=counts_of(facts.state_counts),
        layers=ANSWERED,
    )
    if due.layers_due:
        answered = await _look_behind(connector, due, answered, needs, lateness)
    if facts.maintenance:
        return replace(answered, health=Health.MAINTENANCE, message=facts.maintenance, layer=None)
    if answered.health is Health.UP and is_slow:
        text = f"It answered after {elapsed / 1000:.1f} s; slow begins at {due.slow_ms / 1000:g} s."
        return replace(answered, health=Health.DEGRADED, message=text)
    return answered


async def _look_behind(
    connector: Connector,
    due: DueProbe,
    answered: Finding,
    needs: Sequence[PanelNeed] | None,
    lateness: Lateness,
) -> Finding:
    """Look at those layers that not every probe looks at."""
    late = lateness.seconds
    try:
        async with asyncio.timeout(BEHIND_SECONDS):
            if Layer.CREDENTIALS in due.layers_due:
                answered = await _with_credentials(connector, answered)
            is_well = answered.health is Health.UP
            if needs is not None and is_well and Layer.PANELS in due.layers_due:
                answered = await _with_panels(connector, due, answered, needs)
    except TimeoutError:
        if lateness.seconds - late > BEHIND_SECONDS / 2:
            # It was this machine that was slow: nothing is learned of these layers.
            return answered
        text = "It tells of itself, but gives no answer in time to what needs a credential."
        return replace(answered, health=Health.DEGRADED, message=text, layer=Layer.CREDENTIALS)
    return answered


async def _with_certificate(due: DueProbe, finding: Finding) -> Finding:
    looked, facts = await look_at_certificate(due.base_url, timeout_seconds=CERTIFICATE_SECONDS)
    if looked is None:
        return finding
    others = tuple(one for one in finding.layers if one.layer is not Layer.TLS)
    finding = replace(finding, certificate=facts, layers=(*others, looked))
    if finding.layer is Layer.TLS and looked.verdict is Verdict.FAILED:
        # The certificate itself tells more than the failed handshake.
        return replace(finding, message=looked.detail)
    return finding


async def _with_credentials(connector: Connector, answered: Finding) -> Finding:
    try:
        await connector.check_authorised()
    except Unsupported as error:
        looked = LayerFinding(Layer.CREDENTIALS, Verdict.UNTOLD, str(error))
    except NotAuthorised as error:
        return _failed(answered, Health.AUTHORISATION_NEEDED, Layer.CREDENTIALS, str(error))
    except (Unreachable, Busy) as error:
        # It fails behind its front door; what it thinks of the credential is not known.
        return replace(
            answered, health=Health.DEGRADED, message=str(error), layer=Layer.CREDENTIALS
        )
    except ConnectorError as error:
        return _failed(answered, Health.DEGRADED, Layer.CREDENTIALS, str(error))
    else:
        looked = LayerFinding(Layer.CREDENTIALS, Verdict.PASSED)
    return replace(answered, layers=(*answered.layers, looked))


async def _with_panels(
    connector: Connector, due: DueProbe, answered: Finding, needs: Sequence[PanelNeed]
) -> Finding:
    facts = answered.facts or ServiceFacts()
    looked = await look_at_panels(connector, facts, due.service_ref, needs)
    if looked is None:
        return answered
    if looked.verdict is Verdict.FAILED:
        return _failed(answered, Health.DEGRADED, Layer.PANELS, looked.detail)
    return replace(answered, layers=(*answered.layers, looked))


def _unanswered(
    error: Unreachable, due: DueProbe, blank: Finding, seconds: float, *, lost: float
) -> Finding:
    """No answer: the layer that failed is the one that the request had come to."""
    limit = due.timeout_seconds
    if isinstance(error, Untrusted):
        return _failed(replace(blank, layers=REACHED), Health.DOWN, Layer.TLS, str(error))
    if not error.may_have_arrived:
        return _failed(blank, Health.DOWN, Layer.REACHABLE, str(error))
    text = str(error)
    if isinstance(error.__cause__, TimeoutError | httpx.TimeoutException):
        if seconds > limit + TOO_LATE_SECONDS or lost > limit / 2:
            return replace(blank, message="This machine was too busy to tell how the service is.")
        text = f"The service took the request but gave no complete answer within {limit:g} s."
    return _failed(replace(blank, layers=REACHED), Health.DOWN, Layer.PROTOCOL, text)


def _badly_answered(error: ConnectorError, answered: Finding) -> Finding:
    if isinstance(error, NotAuthorised):
        finding = replace(answered, layers=ANSWERED)
        return _failed(finding, Health.AUTHORISATION_NEEDED, Layer.CREDENTIALS, str(error))
    # Who says that there are too many requests is there, and works for others.
    is_there = isinstance(error, Busy) and TOO_MANY_REQUESTS in str(error)
    health = Health.DEGRADED if is_there else Health.DOWN
    return _failed(replace(answered, layers=REACHED), health, Layer.PROTOCOL, str(error))


def _failed(finding: Finding, health: Health, layer: Layer, message: str) -> Finding:
    layers = (*finding.layers, LayerFinding(layer, Verdict.FAILED, message))
    return replace(finding, health=health, message=message, layer=layer, layers=layers)


def _milliseconds_since(started: float) -> float:
    return round((time.monotonic() - started) * 1000, 1)
