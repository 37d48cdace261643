"""The rules by which hypothesis plays: what may happen to workers, services, databases, people."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from app.connectors.base import RunState
from app.domain import job_answers, job_offers, job_restarts, service_contacts
from app.domain import jobs as domain_jobs
from app.domain.errors import PlatformError
from models import db
from tests.machine.calls import BREAKS
from tests.machine.game import AN_HOUR, JOB_DUTIES, MOST_JOBS, Game
from tests.machine.process import DUTIES
from tests.machine.service import REFUSALS, TROUBLES, Abilities
from tests.machine.world import World
from tests.support.submitting import actor

OPERATIONS = ("submit", "find", "status", "details", "open", "cancel", "restart", "check")
# Words of the gates where a worker talks with the service; see `service`.
PLACES = ("on its way", "answer to", "answer to", "chunk")

workers = st.integers(0, 1)
numbers = st.integers(0, 5)
few_steps = st.integers(0, 4)
many_steps = st.integers(0, 20)
places = st.sampled_from(PLACES)
duties = st.sampled_from(sorted(DUTIES))
moments = st.tuples(st.sampled_from((db.JOBS, db.FILES)), st.sampled_from(BREAKS))
troubles = st.one_of(
    st.tuples(st.just("submit"), st.sampled_from(sorted(TROUBLES))),
    st.tuples(st.sampled_from(OPERATIONS), st.sampled_from(sorted(TROUBLES))),
    st.sampled_from([(operation, name) for name, (operation, _) in sorted(REFUSALS.items())]),
)
states = st.sampled_from((RunState.RUNNING, RunState.COMPLETE, *RunState))
fates = st.sampled_from(("is_hidden", "is_forgotten", "lacks_result", "is_retired"))
waits = st.sampled_from((1.0, 9.0, 26.0, 31.0, 61.0, AN_HOUR))
wishes = st.sampled_from(
    (
        domain_jobs.give_up,
        job_answers.not_there,
        job_offers.accept_offer,
        job_offers.decline_offer,
        job_restarts.ask_restart,
    )
)

# Some of these never happen in a game, so that the others show what they do.
TROUBLESOME = (
    "a_worker_dies_at",
    "a_worker_dies_in_the_middle",
    "a_worker_dies",
    "a_worker_freezes_at",
    "a_worker_rests_before_a_commit",
    "a_connection_breaks",
    "a_database_goes_away_or_comes_back",
    "the_service_is_about_to_fail",
    "the_service_goes_away_or_comes_back",
    "a_run_has_a_fate",
    "a_person_acts",
    "a_person_cancels",
)

Event = tuple[str, dict[str, Any]]
_events: list[st.SearchStrategy[Event]] = []


def event(weight: int, **arguments: st.SearchStrategy[Any]) -> Callable[[Any], Any]:
    """Something that may happen, `weight` times as often as the rarest; False if not now."""

    def keep(function: Any) -> Any:
        drawn = st.tuples(st.just(function.__name__), st.fixed_dictionaries(arguments))
        _events.extend([drawn] * weight)  # a one_of would take these for one
        return function

    return keep


class JobMachine(RuleBasedStateMachine):
    """Jobs, two workers, a service and people; whatever they do, nothing is lost or done twice."""

    world: ClassVar[World]
    game: Game | None = None

    @initialize(
        calm=st.sets(st.sampled_from(TROUBLESOME), max_size=4),
        finds=st.booleans(),
        hides_new_runs=st.booleans(),
        cancels=st.sampled_from(("obeys", "ignores", "refuses")),
        continues_downloads=st.booleans(),
        tells_sizes=st.booleans(),
        slots=st.sampled_from((None, 1, 2)),
    )
    def begin(self, calm: set[str], slots: int | None, **abilities: Any) -> None:
        self.game = Game(self.world, Abilities(**abilities), slots=slots)
        self.calm = calm

    @rule(
        what=st.deferred(lambda: st.sampled_from(_events).flatmap(lambda drawn: drawn)),
        worker=workers,
        steps=many_steps,
    )
    def it_happens(self, what: Event, worker: int, steps: int) -> None:
        """Something happens, or where it cannot, a worker goes on with what is due."""
        name, arguments = what
        if name in self.calm or getattr(self, name)(**arguments) is False:
            self.game.go_on(worker, steps)

    @invariant()
    def nothing_is_lost_or_done_twice(self) -> None:
        self.game.check()

    def teardown(self) -> None:
        if self.game:
            self.game.end()

    # Workers

    @event(5, worker=workers)
    def everything_due_is_done(self, worker: int) -> None:
        self.game.wait_until_due()
        self.game.do(worker, *JOB_DUTIES)

    @event(6, worker=workers, steps=many_steps)
    def a_turn_begins_with_what_is_due(self, worker: int, steps: int) -> None:
        self.game.begin_with_what_is_due(worker, steps)

    @event(5, worker=workers, place=places, steps=few_steps)
    def a_turn_comes_to(self, worker: int, place: str, steps: int) -> None:
        self.game.come_to(worker, place, steps)

    @event(5, worker=workers, place=places, steps=few_steps)
    def a_worker_dies_at(self, worker: int, place: str, steps: int) -> None:
        self.game.come_to(worker, place, steps)
        self.game.kill(worker)

    @event(2, worker=workers, steps=many_steps)
    def a_worker_dies_in_the_middle(self, worker: int, steps: int) -> None:
        self.game.begin_with_what_is_due(worker, steps)
        self.game.kill(worker)

    @event(2, worker=workers, duty=duties)
    def a_turn_is_done(self, worker: int, duty: str) -> None:
        self.game.do(worker, duty)

    @event(6, worker=workers, steps=st.integers(1, 6), which=numbers)
    def a_worker_goes_on(self, worker: int, steps: int, which: int) -> bool:
        process = self.game.awake(worker)
        can_go_on = bool(process.gates)
        process.step(steps, which)
        return can_go_on

    @event(3, worker=workers)
    def a_worker_finishes(self, worker: int) -> bool:
        process = self.game.awake(worker)
        has_begun = bool(process.turns)
        process.finish()
        return has_begun

    @event(2, worker=workers, steps=st.integers(1, 4))
    def a_worker_rests_before_a_commit(self, worker: int, steps: int) -> None:
        self.game.awake(worker).rests_next = True
        self.game.go_on(worker, steps)

    @event(1, worker=workers)
    def a_worker_dies(self, worker: int) -> bool:
        was_at_work = bool(self.game.workers[worker].turns)
        self.game.kill(worker)
        return was_at_work

    @event(3, worker=workers, place=places, steps=few_steps, rests=st.booleans())
    def a_worker_freezes_at(self, worker: int, place: str, steps: int, rests: bool) -> None:
        self.game.come_to(worker, place, steps)
        if rests:
            self.game.awake(worker).rests_next = True
            self.game.awake(worker).step(2)
        self.game.awake(worker).is_frozen = True

    @event(3, worker=workers)
    def a_worker_thaws(self, worker: int) -> bool:
        was_frozen = self.game.workers[worker].is_frozen
        self.game.thaw(worker)
        return was_frozen

    # Databases and time

    @event(4, worker=workers, moment=moments)
    def a_connection_breaks(self, worker: int, moment: tuple[str, str]) -> None:
        self.game.workers[worker].breaks = moment

    @event(1, name=st.sampled_from(sorted(db.BASES)))
    def a_database_goes_away_or_comes_back(self, name: str) -> None:
        self.world.databases_away ^= {name}

    @event(3, seconds=waits, renewing=st.booleans())
    def time_passes(self, seconds: float, renewing: bool) -> None:
        workers = [worker for worker in self.game.workers if worker.is_awake]
        is_at_work = any(worker.turns for worker in workers)
        self.game.wait(min(seconds, 61.0) if is_at_work else seconds, renewing=renewing)

    # The service

    @event(7, trouble=troubles)
    def the_service_is_about_to_fail(self, trouble: tuple[str, str]) -> None:
        operation, name = trouble
        self.game.service.troubles[operation] = name

    @event(1)
    def the_service_goes_away_or_comes_back(self) -> None:
        self.game.service.is_away = not self.game.service.is_away

    @event(1, chunks=st.integers(0, 3))
    def a_download_is_about_to_be_cut(self, chunks: int) -> None:
        self.game.service.cut_after = chunks

    @event(6, number=numbers, state=states)
    def a_run_goes_on(self, number: int, state: RunState) -> bool:
        run = self.game.run(number)
        if run:
            run.state = state
        return run is not None

    @event(1, number=numbers, fate=fates)
    def a_run_has_a_fate(self, number: int, fate: str) -> bool:
        run = self.game.run(number)
        if run:
            setattr(run, fate, fate != "is_hidden" or not run.is_hidden)
        return run is not None

    @event(1, number=numbers)
    def a_request_arrives(self, number: int) -> bool:
        flights = self.game.service.flights
        if not flights:
            return False
        self.game.service.arrive(flights[number % len(flights)])
        return True

    # People

    @event(1)
    def a_person_submits(self) -> bool:
        if len(self.game.jobs) == MOST_JOBS:
            return False
        self.game.jobs.append(self.world.submit())
        return True

    @event(2, number=numbers, wish=wishes)
    def a_person_acts(self, number: int, wish: Callable[..., object]) -> None:
        job_ref = self._job(number)
        with suppress(PlatformError, *db.UNAVAILABLE), db.session(db.JOBS) as session:
            wish(session, actor=actor(), job_ref=job_ref)
            if wish is job_answers.not_there:
                self.game.denials[job_ref] += 1

    @event(2, number=numbers)
    def a_person_cancels(self, number: int) -> None:
        self.a_person_acts(number, domain_jobs.cancel)

    @event(1, number=numbers, is_right=st.booleans())
    def a_person_names_the_run(self, number: int, is_right: bool) -> None:
        job_ref = self._job(number)
        ids = [run.remote_id for run in self.game.service.runs if run.job_ref == job_ref]
        remote_id = ids[0] if is_right and ids else "run-of-nobody"
        with suppress(PlatformError, *db.UNAVAILABLE), db.session(db.JOBS) as session:
            job_answers.confirm_run(session, actor=actor(), job_ref=job_ref, remote_id=remote_id)

    @event(1)
    def an_administrator_lets_the_service_be_tried(self) -> None:
        who = actor("Grace", "administrator")
        with suppress(PlatformError, *db.UNAVAILABLE), db.session(db.JOBS) as session:
            service_contacts.try_now(session, actor=who, service_ref=self.world.service_ref)

    def _job(self, number: int) -> str:
        return self.game.jobs[number % len(self.game.jobs)]
