"""Testing the way to a service in stages, so that a failure says where it is and what to do.

For an administrator who adds a service: DNS, TCP, TLS, HTTP, authorised, valid answer, panels. Each
stage has its own time limit; after one that failed the later ones are not reached.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from time import monotonic
from typing import Any

import httpx

from app.connectors.addresses import Address, certificate_text, refusal_text, resolve
from app.connectors.base import Connector, Endpoint, ServiceFacts
from app.connectors.certificates import tls_cure
from app.connectors.client import fetch, open_client, trusted_authorities
from app.connectors.conformance import Observation
from app.connectors.errors import ConnectorError, NotAuthorised, Unreachable, Unsupported

STAGE_SECONDS = 10.0
LEAST = 64 * 1024
EXPIRY_WARNING_DAYS = 30


class Outcome(StrEnum):
    """How a stage ended."""

    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"
    NOT_REACHED = "not_reached"


@dataclass(frozen=True)
class Stage:
    """One stage: what was found, or what failed and how to cure it. `ms` is None if not tried."""

    name: str
    outcome: Outcome
    found: str = ""
    cure: str = ""
    ms: float | None = None


@dataclass(frozen=True)
class Examination:
    """All stages in their order, and what was found of the service if all is well."""

    stages: list[Stage]
    facts: ServiceFacts | None = None
    observations: Sequence[Observation] = ()


class StageFailed(Exception):
    """A stage failed: what is wrong, and how to cure it."""

    def __init__(self, found: str, cure: str) -> None:
        self.found = found
        self.cure = cure
        super().__init__(found)


class StageSkipped(Exception):
    """A stage has nothing to say here; the next ones still do."""


@dataclass
class _Way:
    """What the stages learn and hand on."""

    endpoint: Endpoint
    url: httpx.URL
    connector: Connector
    client: httpx.AsyncClient
    addresses: list[Address] = field(default_factory=list)
    facts: ServiceFacts | None = None

    @property
    def host(self) -> str:
        return self.url.host

    @property
    def port(self) -> int:
        return self.url.port or (443 if self.url.scheme == "https" else 80)


async def examine(
    endpoint: Endpoint,
    connector_class: type[Connector],
    *,
    report: Callable[[Stage], Awaitable[None]] | None = None,
) -> Examination:
    """Try the way to a service stage by stage, then ask how far it keeps to the standard.

    Takes two minutes at the most, raises nothing, and changes nothing at the service. Errors of a
    service are told, never raised. `report` is told each stage as soon as it ended.
    """
    stages: list[Stage] = []
    async with open_client(request_timeout=STAGE_SECONDS) as client:
        way = _Way(endpoint, _url_of(endpoint), connector_class(client, endpoint), client)
        for name, look in STAGES:
            if any(stage.outcome is Outcome.FAILED for stage in stages):
                stages.append(Stage(name, Outcome.NOT_REACHED))
            else:
                stages.append(await _timed(name, look, way))
            if report is not None:
                await report(stages[-1])
        observations = await _observed(way)
    return Examination(stages, way.facts, observations)


async def _observed(way: _Way) -> Sequence[Observation]:
    try:
        return await way.connector.conformance() if way.facts else ()
    except ConnectorError:
        return ()


def _url_of(endpoint: Endpoint) -> httpx.URL:
    try:
        return httpx.URL(endpoint.base_url.strip())
    except httpx.InvalidURL:
        return httpx.URL("")


async def _timed(name: str, look: Callable[[_Way], Awaitable[str]], way: _Way) -> Stage:
    started = monotonic()

    def ended(outcome: Outcome, found: str, cure: str = "") -> Stage:
        return Stage(name, outcome, found, cure, round((monotonic() - started) * 1000, 1))

    try:
        # A little longer than the client's own limit, whose message says more.
        async with asyncio.timeout(STAGE_SECONDS + 1):
            return ended(Outcome.OK, await look(way))
    except StageSkipped as skipped:
        return ended(Outcome.SKIPPED, str(skipped))
    except StageFailed as failed:
        return ended(Outcome.FAILED, failed.found, failed.cure)
    except TimeoutError:
        return ended(
            Outcome.FAILED,
            f"No answer within {STAGE_SECONDS:.0f} seconds.",
            "Try again; if it stays so, ask the service's operators whether it is overloaded.",
        )


async def _look_up(way: _Way) -> str:
    if way.url.scheme not in ("http", "https") or not way.host:
        raise StageFailed(
            "This is not a web address.",
            "A base URL begins with http:// or https:// and a host, and often ends in "
            "/ga4gh/wes/v1.",
        )
    try:
        way.addresses = await resolve(way.host, way.port)
    except Unreachable as error:
        raise StageFailed(
            str(error),
            "Check the spelling, or ask your network people what this name should lead to and "
            "whether this machine may look it up.",
        ) from error
    return f"{way.host} is {', '.join(map(str, way.addresses))}"


async def _connect(way: _Way) -> str:
    try:
        address, writer = await _opened(way)
    except OSError as error:
        raise StageFailed(
            refusal_text(way.host, way.port, error),
            "Check the port, that the service is running, and whether a firewall lets this machine "
            "through to it.",
        ) from error
    writer.close()
    return f"{address} accepts connections on port {way.port}"


async def _opened(
    way: _Way, context: ssl.SSLContext | None = None
) -> tuple[Address, asyncio.StreamWriter]:
    """A connection to the first address that accepts one; raises what the last one failed with."""
    failure = OSError("there is no address")
    for address in way.addresses:
        try:
            async with asyncio.timeout(STAGE_SECONDS / len(way.addresses)):
                _, writer = await asyncio.open_connection(
                    str(address),
                    way.port,
                    ssl=context,
                    server_hostname=way.host if context else None,
                )
            return address, writer
        except OSError as error:
            failure = error
    raise failure


async def _shake_hands(way: _Way) -> str:
    if way.url.scheme != "https":
        raise StageSkipped("http: nothing is encrypted, so use it inside your own network only")
    try:
        _, writer = await _opened(way, trusted_authorities())
    except OSError as error:
        text = certificate_text(way.host, error) or f"{way.host} does not answer a TLS handshake."
        raise StageFailed(text, tls_cure(error)) from error
    certificate = writer.get_extra_info("peercert")
    version = writer.get_extra_info("ssl_object").version()
    writer.close()
    return f"{version}, {_expiry(certificate)}"


def _expiry(certificate: dict[str, Any]) -> str:
    ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), UTC)
    days = (ends - datetime.now(UTC)).days
    warning = ": it should be renewed soon" if days < EXPIRY_WARNING_DAYS else ""
    return f"the certificate is valid for {days} more days, until {ends:%Y-%m-%d}{warning}"


async def _speak_http(way: _Way) -> str:
    try:
        answer = await fetch(way.client, way.client.build_request("GET", way.url), limit=LEAST)
    except ConnectorError as error:
        raise StageFailed(
            str(error),
            "Check that the port is the web server's, and whether the service is stuck: a restart "
            "by its operators often helps.",
        ) from error
    server = answer.headers.get("server", "")
    # The base URL itself is often no page of the service, so any status shows a web server.
    return f"a web server answers ({answer.status}{', ' + server[:60] if server else ''})"


async def _authorise(way: _Way) -> str:
    try:
        await way.connector.check_authorised()
    except NotAuthorised as error:
        raise StageFailed(
            str(error),
            "Enter a token that the service accepts; its operators or its sign-in page hand them "
            "out."
            if not way.endpoint.token
            else "Get a new token and check that it was copied whole: it may have expired.",
        ) from error
    except ConnectorError as error:
        raise StageSkipped(f"cannot be told: {error}") from error
    return "the token is accepted" if way.endpoint.token else "no token is needed"


async def _probe(way: _Way) -> str:
    try:
        way.facts = facts = await way.connector.probe()
    except ConnectorError as error:
        raise StageFailed(
            str(error),
            "Check that the base URL is the service's API, not its website, and that the type of "
            "service is right.",
        ) from error
    name = f"{facts.name} {facts.version}".strip() or "it does not say its name"
    versions = ", ".join(facts.protocol_versions)
    return f"{name}{f', protocol {versions}' if versions else ''}"


async def _list_panels(way: _Way) -> str:
    try:
        offers = await way.connector.panels()
    except Unsupported as error:
        raise StageSkipped("this protocol lists no panels: you describe them here") from error
    except ConnectorError as error:
        raise StageFailed(
            f"The service is well, but does not tell its panels: {error}",
            "Go on without them and ask again later, or enter a token whose account may see them.",
        ) from error
    if not offers:
        raise StageSkipped("it offers no panel to who asks so; another token may show some")
    return f"{len(offers)} panel{'s' * (len(offers) != 1)}, such as {offers[0].name}"


STAGES: tuple[tuple[str, Callable[[_Way], Awaitable[str]]], ...] = (
    ("DNS", _look_up),
    ("TCP", _connect),
    ("TLS", _shake_hands),
    ("HTTP", _speak_http),
    ("Authorised", _authorise),
    ("Valid answer", _probe),
    ("Panels", _list_panels),
)
