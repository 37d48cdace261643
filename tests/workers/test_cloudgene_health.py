"""What is found of a Cloudgene server's health: only its own words prove it, and maintenance."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from app.connectors.base import Endpoint
from app.connectors.probe_client import open_probe_client
from app.domain.conformance import Known
from app.domain.health import Finding, Health, Layer
from app.domain.probe_schedule import DueProbe
from models.base import now
from tests.connectors.cloudgene_shapes import COUNTERS, SERVER
from tests.connectors.loopback import Request, reply, serving
from workers.examination import examine


def found(server: Any, *, status: int = 200, counters: Any = COUNTERS) -> Finding:
    """What an examination finds of a server that says this of itself."""

    def answer(request: Request) -> bytes:
        if request.path.endswith("/counters"):
            return reply(counters)
        return reply(server, status=status)

    async def look() -> Finding:
        async with serving(answer) as peer, open_probe_client(request_timeout=5) as client:
            due = DueProbe(
                service_id=1,
                service_ref="ref",
                api_type="cloudgene",
                base_url=peer.url,
                api_config={},
                verified=Known({}, {}),
                starts_in=0.0,
                layers_due=frozenset(),
                timeout_seconds=5,
                slow_ms=60_000,
                lease_until=now() + timedelta(minutes=1),
            )
            return await examine(client, due, Endpoint(peer.url, "s3cret"))

    return asyncio.run(look())


def test_a_server_that_says_its_name_is_up_and_its_queue_is_counted() -> None:
    finding = found(SERVER)
    assert finding.health is Health.UP
    assert finding.counts is not None
    assert (finding.counts.queued, finding.counts.finished) == (7, 120)


def test_a_server_under_maintenance_is_said_to_be_so_with_its_own_words() -> None:
    told = {**SERVER, "maintenace": True, "maintenaceMessage": "Until <b>noon</b>."}
    finding = found(told)
    assert (finding.health, finding.message) == (Health.MAINTENANCE, "Until noon.")


@pytest.mark.parametrize(
    ("answer", "status"),
    [({"message": "Unauthorized"}, 401), ("<html>Hello</html>", 200), ({"status": "ok"}, 200)],
)
def test_a_401_a_web_page_or_other_json_is_no_sign_of_health(answer: Any, status: int) -> None:
    finding = found(answer, status=status)
    assert (finding.health, finding.layer) == (Health.DOWN, Layer.PROTOCOL)


def test_a_server_without_counters_is_up_all_the_same() -> None:
    finding = found(SERVER, counters="<html>no</html>")
    assert (finding.health, finding.counts) == (Health.UP, None)
