"""A service that answers while nothing is done there is found, and said to be stalled."""

from datetime import timedelta

import pytest

from app.domain.health import Finding, Health, QueueCounts
from app.domain.probe_records import record
from app.domain.probe_schedule import claim_due
from app.domain.queue_stall import QueueTurn, follow_queues, with_stalls
from app.domain.services import get_service
from models import db
from models.base import now
from tests.support.counted import ADMIN, add_service, count
from tests.support.findings import next_due

PROBES = 72  # six hours at one in five minutes


@pytest.fixture(autouse=True)
def _databases(databases: None) -> None:
    """Every test needs them."""


def counted(name: str, *, stands_for: int, queued: int = 4) -> str:
    """A service that finishes a run between two probes, until it stands for so many."""
    ref, begun = add_service(name), now() - timedelta(minutes=5 * PROBES)
    moving = PROBES - stands_for
    count(
        ref,
        [
            (begun + timedelta(minutes=5 * place), queued, 2, 100 + min(place, moving))
            for place in range(PROBES)
        ],
    )
    return ref


def followed() -> list[QueueTurn]:
    """What turns out in two turns: the first one leaves some of the probes to the next."""
    turns = []
    for _ in range(2):
        with db.session(db.REGISTRY) as session:
            turns += follow_queues(session)
    return turns


def found(ref: str, health: Health = Health.UP, counts: QueueCounts | None = None) -> Finding:
    finding = Finding(ref, health, now(), counts=counts)
    with db.session(db.REGISTRY) as session:
        (told,) = with_stalls(session, [finding])
    return told


def test_a_probe_that_finds_runs_waiting_where_nothing_moves_finds_the_service_stalled() -> None:
    standing, moving = counted("Standing", stands_for=30), counted("Moving", stands_for=3)
    (turn,) = followed()
    assert "none has finished since" in turn.reason
    waiting = QueueCounts(queued=4, running=2, finished=142)
    stalled = found(standing, counts=waiting)
    assert (stalled.health, stalled.message) == (Health.STALLED, turn.reason)
    assert found(moving, counts=waiting).health is Health.UP
    assert found(standing, Health.DOWN).health is Health.DOWN
    assert found(standing).health is Health.UP, "without counts nobody can tell"
    assert found(standing, counts=QueueCounts(0, 2, 142)).health is Health.UP
    assert followed() == [], "nothing was counted since"


def test_a_queue_that_moves_again_is_told_once_and_the_next_probe_finds_it_up() -> None:
    ref = counted("Node", stands_for=30)
    followed()
    count(ref, [(now(), 3, 2, 143)])
    (turn,) = followed()
    assert turn.reason == ""
    assert found(ref, counts=QueueCounts(3, 2, 143)).health is Health.UP


def test_what_is_learned_in_pieces_is_what_is_learned_at_once() -> None:
    ref, begun = add_service(), now() - timedelta(minutes=5 * PROBES)
    turns = []
    for place in range(PROBES):
        at = begun + timedelta(minutes=5 * place)
        count(ref, [(at, 4, 2, 100 + min(place, 42))])
        if place % 9 == 8:
            turns += followed()
    whole = counted("Whole", stands_for=30)
    assert len(turns) == 1
    assert len(followed()) == 1
    counts = QueueCounts(4, 2, 142)
    assert (
        found(ref, counts=counts).message.split("While")[1]
        == (found(whole, counts=counts).message.split("While")[1])
    )


def test_a_stall_is_confirmed_and_dated_like_any_other_state() -> None:
    ref = counted("Standing", stands_for=30)
    followed()
    with db.session(db.REGISTRY) as session:
        at = now()
        for _ in range(4):
            claim_due(session, limit=10, at=at)
            counts = QueueCounts(queued=4, running=2, finished=142)
            record(session, [Finding(ref, Health.UP, at, 12.5, counts=counts)], at=at)
            at = next_due(session, ref)
        row = get_service(session, actor=ADMIN, service_ref=ref)
    assert row.health_status == "stalled"
    assert row.is_available
    assert "its queue does not move" in row.error_message
