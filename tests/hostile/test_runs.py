"""A service that tells nonsense about runs: their states, their ids, and its list."""

import random
from typing import Any

import pytest

from tests.hostile.conftest import Ordeal, Survives
from tests.hostile.tricks import about_the_run, in_turn, says, taken_then
from tests.support.hostile import Peer, Trick

WRONG: tuple[Any, ...] = (
    7,
    -1.5,
    True,
    [],
    {},
    [[]],
    {"a": {"b": None}},
    "x" * 5000,
    "\x00",
    2**70,
)
FIELDS = ("state", "run_id", "request", "run_log", "task_logs", "outputs", "system_logs")


def state(word: Any) -> Trick:
    return lambda peer: peer.reply({"run_id": peer.request.run_id, "state": word})


@pytest.mark.parametrize(
    "word",
    ["BREWING", "UNKNOWN", "QUEUED", "x" * 100_000, "\x1b[31mRUNNING\x07" * 1000, "", "\x00"],
    ids=["nobody knows", "UNKNOWN", "QUEUED", "100 kB", "of terminal codes", "empty", "NUL"],
)
def test_a_state_after_running_that_is(word: str, survives: Survives) -> None:
    seen = survives("status", state(word), is_lost=False)
    assert seen.status == "running"


@pytest.mark.parametrize(
    "later", ["RUNNING", "QUEUED", "UNKNOWN", "CANCELING"], ids="{} after COMPLETE".format
)
def test_a_run_log_says(later: str, survives: Survives) -> None:
    survives("run log", about_the_run(state=later))


def test_a_run_that_is_complete_is_then_unknown(survives: Survives) -> None:
    survives("run log", says({"msg": "no such run"}, 404), is_lost=False)


def test_the_state_is_of_another_run(survives: Survives) -> None:
    survives("status", says({"run_id": "another", "state": "COMPLETE"}))


def test_the_run_log_is_of_another_run(survives: Survives) -> None:
    survives("run log", about_the_run(run_id="another"))


@pytest.mark.parametrize("value", WRONG, ids=lambda value: repr(value)[:20])
def test_the_state_of_a_run_is_the_value(value: Any, survives: Survives) -> None:
    survives("status", state(value), is_lost=False)


def test_fields_of_a_run_log_are_of_any_type(ordeal: Ordeal) -> None:
    chance = random.Random(5)
    ordeal.reach("run log")
    nonsense = [
        about_the_run(**{name: chance.choice(WRONG) for name in chance.sample(FIELDS, 4)})
        for _ in range(20)
    ]
    ordeal.wes.tricks["run log"] = in_turn(*(trick for trick in nonsense))
    ordeal.suffer("run log", turns=8, may_go_on=True)
    ordeal.recover()


@pytest.mark.parametrize(
    "runs",
    [
        lambda ids: [
            {"run_id": one, "state": word} for one in ids for word in ("RUNNING", "CANCELED")
        ],
        lambda ids: [{"run_id": f"stranger-{n}", "state": "COMPLETE"} for n in range(50)],
        lambda ids: [{"run_id": n, "state": "COMPLETE"} for n in range(50)],
        lambda ids: [{"run_id": [one], "state": {}} for one in ids] + [None, 7, "x", []],
        lambda ids: [{"run_id": one, "state": 5} for one in ids],
    ],
    ids=["runs twice", "unknown runs", "numbers as ids", "wrong types", "numbers as states"],
)
def test_the_list_shows(runs: Any, survives: Survives) -> None:
    def answer(peer: Peer) -> None:
        peer.reply({"runs": runs(list(peer.wes.runs)), "next_page_token": ""})

    survives("list", answer, is_lost=False)


def test_the_list_has_a_million_runs(survives: Survives) -> None:
    def answer(peer: Peer) -> None:
        peer.head()
        peer.send(b'{"runs": [')
        peer.flood(b'{"run_id": "0123456789abcdef", "state": "COMPLETE"},' * 1000, 1000)
        peer.send(b"{}]}")

    survives("list", answer, is_lost=False)


@pytest.mark.parametrize("token", ["always the same", "always another"])
def test_the_list_has_pages_without_end_whose_token_is(token: str, survives: Survives) -> None:
    def answer(peer: Peer) -> None:
        following = token if "same" in token else str(random.random())
        peer.reply({"runs": [], "next_page_token": following})

    survives("list", answer, is_lost=False)


@pytest.mark.parametrize("body", [{}, {"runs": 7}, {"runs": None}, [], None], ids=repr)
def test_a_lost_run_is_looked_for_in_a_list_that_is(body: Any, ordeal: Ordeal) -> None:
    ordeal.reach("submit")
    ordeal.wes.tricks["submit"] = taken_then(Peer.reset)
    ordeal.suffer("submit")
    ordeal.wes.tricks = {"list": says(body)}
    ordeal.suffer("find")
    assert ordeal.rows()[0].status == "submitting"
    ordeal.recover()


@pytest.mark.parametrize(
    "run_id",
    ["a/b", 'a"b', "a b?c#d", "../../admin", "%2e%2e", "ü", "'; DROP TABLE jobs; --"],
)
def test_a_run_whose_id_is(run_id: str, ordeal: Ordeal) -> None:
    """Such ids are odd but usable: they are quoted, and the job goes on with them."""
    ordeal.reach("submit")

    def answer(peer: Peer) -> None:
        run = peer.wes.take(peer.request)
        peer.wes.runs = {run_id: run}
        run.run_id = run_id
        peer.reply({"run_id": run_id})

    ordeal.wes.tricks["submit"] = answer
    ordeal.suffer("submit", may_go_on=True)
    assert ordeal.rows()[0].remote_id == run_id
    ordeal.recover()


@pytest.mark.parametrize(
    "run_id",
    ["\x00", "a\nb", "..", "", "x" * 10_000_000, None, 1.5, ["a"], {"a": 1}],
    ids=["NUL", "two lines", "dots", "empty", "10 MB", "null", "a number", "a list", "an object"],
)
def test_a_run_is_taken_under_an_id_that_is(run_id: Any, survives: Survives) -> None:
    survives("submit", taken_then(says({"run_id": run_id})))
