"""A lab whose own network is away says so, and does not call every service down."""

import asyncio
import socket

import pytest

from app.config import settings
from tests.workers.test_health_sweep import add_service, row_of
from tests.workers.test_probing import probed
from workers.health import sweep
from workers.own_network import OwnNetwork, is_remote, places_of

AWAY = ["http://a.invalid/wes", "http://b.invalid:8080", "https://c.invalid"]


@pytest.fixture
def live() -> "socket.socket":
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


def judged(network: OwnNetwork, base_url: str) -> bool:
    return asyncio.run(network.is_away(base_url))


def test_none_of_several_hosts_that_answered_can_be_reached_any_more():
    network = OwnNetwork()
    for url in AWAY:
        network.answered(url)
    assert judged(network, AWAY[0])


def test_one_host_that_still_answers_shows_that_the_others_are_down(live):
    network = OwnNetwork(is_remote=lambda host: True)
    for url in (*AWAY, f"http://127.0.0.1:{live.getsockname()[1]}"):
        network.answered(url)
    assert not judged(network, AWAY[0])


def test_a_host_that_refuses_is_there():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    network = OwnNetwork([("127.0.0.1", port)])
    assert not judged(network, AWAY[0])


def test_two_hosts_are_too_few_to_tell():
    network = OwnNetwork()
    for url in AWAY[:2]:
        network.answered(url)
    assert not judged(network, AWAY[0])


def test_a_host_that_went_down_before_is_no_witness():
    network = OwnNetwork()
    network.answered(AWAY[1])
    assert not judged(network, AWAY[1])
    network.answered(AWAY[2])
    assert not judged(network, AWAY[0])


def test_a_service_on_this_very_machine_tells_nothing_of_the_network():
    assert [is_remote(host) for host in ("127.3.4.5", "::1", "localhost", "10.1.2.3", "x.org")] == [
        False,
        False,
        False,
        True,
        True,
    ]


@pytest.mark.parametrize("is_away", [True, False])
def test_without_the_network_services_are_unknown_and_with_it_down(
    databases, monkeypatch, live, is_away
):
    references = f"127.0.0.1:{live.getsockname()[1]}, gateway.invalid:53"
    if is_away:
        references = "gateway.invalid:53, names.invalid:53"
    monkeypatch.setenv("FGIP_NETWORK_REFERENCES", references)
    settings.cache_clear()
    assert len(places_of(references)) == 2
    ref = add_service("http://no-such-host.invalid")
    asyncio.run(sweep())
    monkeypatch.undo()
    settings.cache_clear()
    assert [found for found, _, _ in probed()] == ["unknown" if is_away else "down"]
    assert ("own network" in row_of(ref).error_message) is is_away
