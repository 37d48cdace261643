"""Connections that break, hang or do not speak HTTP, in every phase."""

import pytest

from tests.hostile.conftest import Survives
from tests.hostile.tricks import HEADS, taken_then
from tests.support.hostile import Peer

PHASES = ("service-info", "submit", "list", "status", "run log", "download", "cancel")


@pytest.mark.parametrize("trick", [name for name in HEADS if not name.startswith("RST")])
def test_the_state_of_a_run_comes_with(trick: str, survives: Survives) -> None:
    survives("status", HEADS[trick])


@pytest.mark.parametrize("phase", PHASES)
def test_a_reset_in(phase: str, survives: Survives) -> None:
    survives(phase, Peer.reset, is_lost=phase != "list")


@pytest.mark.parametrize("phase", ["service-info", "submit", "list", "download", "cancel"])
def test_no_answer_at_all_in(phase: str, survives: Survives) -> None:
    survives(phase, Peer.hang, is_lost=phase != "list")


@pytest.mark.parametrize("trick", ["RST in the body", "a length that is too long"])
@pytest.mark.parametrize("phase", ["submit", "download"])
def test_a_body_broken_off_in(phase: str, trick: str, survives: Survives) -> None:
    survives(phase, HEADS[trick])


def test_a_reset_before_a_submission_is_read(survives: Survives) -> None:
    survives("submit", Peer.reset, early=True)


def test_a_hang_before_a_submission_is_read(survives: Survives) -> None:
    survives("submit", Peer.hang, early=True)


def test_a_reset_while_a_submission_is_read(survives: Survives) -> None:
    def reset(peer: Peer) -> None:
        peer.sock.recv(10)
        peer.reset()

    survives("submit", reset, early=True)


def test_an_answer_before_a_submission_is_read(survives: Survives) -> None:
    survives("submit", lambda peer: peer.reply({"msg": "later"}, 500), early=True)


@pytest.mark.parametrize("trick", ["RST", "no answer at all", "HTTP/0.9", "broken chunks"])
def test_a_run_is_taken_and_its_answer_is_lost_by(trick: str, survives: Survives) -> None:
    survives("submit", taken_then(HEADS[trick]))
