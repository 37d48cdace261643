"""One game: two workers, a service and some jobs, moved by hand, and what must hold of them."""

from collections import Counter

from app.connectors.base import RunState
from app.domain import job_answers, job_restarts
from app.domain.job_states import ANSWER_LOST, TERMINAL
from app.domain.job_status import INTERRUPTED, UNKNOWN_RUN
from app.domain.slots_taken import OCCUPYING
from models import db
from models.jobs import Job
from tests.machine.clock import START
from tests.machine.process import DUTIES, Process
from tests.machine.service import Abilities, Run, Service, StandIn
from tests.machine.world import Seen, World, check, check_told
from tests.support.submitting import actor

MOST_JOBS = 3
AN_HOUR = 3600.0
JOB_DUTIES = ("send", "follow", "collect")


class Game:
    """The state of a game. `denials` counts how often an owner said that a run was not taken."""

    def __init__(self, world: World, abilities: Abilities, *, slots: int | None = None) -> None:
        self.world, self.clock = world, world.clock
        self.clock.at = START
        world.empty()
        world.set_slots(slots)
        self._slots = slots
        self.service = StandIn.service = Service(self.clock, abilities)
        self.workers = [self._new_worker(), self._new_worker()]
        self.dead: list[Process] = []
        self.jobs = [world.submit()]
        self.denials: Counter[str] = Counter()
        self._checked_at = None
        self._is_broken = False

    def run(self, number: int) -> Run | None:
        """One of the service's runs, if it has any."""
        runs = self.service.runs
        return runs[number % len(runs)] if runs else None

    def awake(self, worker: int) -> Process:
        """A worker that runs: this one, or the other one while this is frozen."""
        process = self.workers[worker]
        if process.is_frozen:
            process = self.workers[1 - worker]
        return self.thaw(self.workers.index(process))

    def thaw(self, worker: int) -> Process:
        """Let a worker go on where it was frozen, however late."""
        process = self.workers[worker]
        if process.is_frozen:
            process.is_frozen = False
            process.step()
            process.run()
        return process

    def begin_with_what_is_due(self, worker: int, steps: int) -> None:
        """Begin a turn that has something to do, and go so many steps."""
        duty = self.wait_until_due()
        self.awake(worker).start(duty)
        self.awake(worker).step(steps)

    def come_to(self, worker: int, place: str, steps: int) -> None:
        """Begin turns with what is due until one comes to a gate, and go so many steps from there.

        `place` is in the gate's label. If no turn comes there, so be it.
        """
        for _ in range(3):
            process = self.awake(worker)
            self.begin_with_what_is_due(worker, 0)
            while process.turns and process.gates:
                if any(place in label for label, _ in process.gates):
                    process.step(steps)
                    return
                process.step()

    def go_on(self, worker: int, steps: int) -> None:
        """Go on with whatever there is to do."""
        if self.awake(worker).gates:
            self.awake(worker).step(steps)
        elif self.world.next_due() is None and len(self.jobs) < MOST_JOBS:
            self.jobs.append(self.world.submit())
        else:
            self.begin_with_what_is_due(worker, steps)

    def do(self, worker: int, *duties: str) -> None:
        """Let a worker do whole turns."""
        for duty in duties:
            self.awake(worker).start(duty)
            self.awake(worker).finish()

    def kill(self, worker: int) -> None:
        """Kill a worker; another one starts in its place."""
        self.workers[worker].kill()
        self.dead.append(self.workers[worker])
        self.workers[worker] = self._new_worker()

    def wait_until_due(self) -> str:
        """Let time pass until a job is due; return whose duty it is."""
        seconds, duty = self.world.next_due() or (0.0, "send")
        if seconds > 0:
            self.wait(min(seconds + 0.1, 100.0))
        return duty

    def wait(self, seconds: float, *, renewing: bool = True) -> None:
        """Let time pass; awake workers' timers end on time, and with `renewing` renew leases."""
        end = self.clock.seconds() + seconds
        while (left := end - self.clock.seconds()) > 0:
            awake = [worker for worker in self.workers if worker.is_awake]
            due = [worker.loop.due_at for worker in awake if worker.loop.due_at is not None]
            self.clock.advance(max(0.001, min([left, *(at - self.clock.seconds() for at in due)])))
            for worker in awake:
                _run_timers(worker, renewing=renewing)
            self.service.drop_late_flights()

    def check(self) -> None:
        """What must hold at any time."""
        self._is_broken = True
        assert not self.world.surprises, "\n".join(self.world.surprises)
        if self.clock.at != self._checked_at:
            self._checked_at = self.clock.at
            all_seen = self.world.see()
            for seen in all_seen:
                check(seen, self.service, denials=self.denials[seen.job.ref])
            taken = sum(seen.job.status in OCCUPYING and not _has_rested(seen) for seen in all_seen)
            assert self._slots is None or taken <= self._slots, f"{taken} slots are taken"
        self._is_broken = False

    def end(self) -> None:
        """Make all well again: every job comes to its end, or to a question for a person."""
        try:
            if not self._is_broken:
                self._make_well()
                self._check_the_end()
        finally:
            for worker in (*self.dead, *self.workers):
                worker.dispose()

    def _make_well(self) -> None:
        """End every trouble, and let the workers work until all is at rest."""
        self.world.databases_away.clear()
        self.service.become_well()
        for worker in self.workers:
            worker.breaks, worker.rests_next, worker.is_frozen = None, False, False
        # Who rests with locks goes on first, so that nobody waits for it in vain.
        for _ in range(2):
            for worker in self.workers:
                worker.step(len(worker.gates))
        for worker in self.workers:
            worker.finish()
            assert not worker.turns, f"a turn does not end: {worker.turns}"
        self._go_on_until_rest()
        asked = [one.job for one in self.world.see() if one.job.held_reason == ANSWER_LOST]
        for job in asked:
            assert job.ref in self.service.could_not_find, "it asks what it can find out"
            self._answer(job)
        if asked:
            self._go_on_until_rest()
        self.do(0, *DUTIES)
        self.check()

    def _go_on_until_rest(self) -> None:
        for _ in range(40):
            for run in self.service.runs:
                if run.state in (RunState.QUEUED, RunState.RUNNING, RunState.UNKNOWN):
                    run.state = RunState.COMPLETE
                if run.state is RunState.CANCELLING:
                    run.state = RunState.CANCELLED
            for one in self.world.see():
                if one.job.held_reason == INTERRUPTED:
                    with db.session(db.JOBS) as session:
                        job_restarts.ask_restart(session, actor=actor(), job_ref=one.job.ref)
            self.do(0, *JOB_DUTIES)
            self.check()
            if all(self._is_at_rest(one.job) for one in self.world.see()):
                return
            self.wait(AN_HOUR)

    def _is_at_rest(self, job: Job) -> bool:
        """Whether nothing but a person's answer can change anything."""
        is_gone = any(run.is_forgotten for run in self.service.runs if run.job_ref == job.ref)
        is_given_up = job.held_reason == UNKNOWN_RUN and is_gone
        is_asking = job.held_reason == ANSWER_LOST and not job.remote_id
        return job.status in TERMINAL or is_asking or is_given_up

    def _answer(self, job: Job) -> None:
        """Its owner answers a job's question as it is."""
        runs = self.service.runs_of(job.ref)
        with db.session(db.JOBS) as session:
            asked = {"actor": actor(), "job_ref": job.ref}
            if runs:
                job_answers.confirm_run(session, **asked, remote_id=runs[0].remote_id)
            else:
                job_answers.not_there(session, **asked)
                self.denials[job.ref] += 1

    def _check_the_end(self) -> None:
        seen = self.world.see()
        for one in seen:
            is_asking = one.job.held_reason == ANSWER_LOST
            assert self._is_at_rest(one.job) and not is_asking, f"it hangs: {one.job}"
        check_told(seen)

    def _new_worker(self) -> Process:
        return Process(self.clock, self.world.surprises)


def _has_rested(seen: Seen) -> bool:
    """Whether a job was held so that it took no slot: its run may have come back beside others."""
    words = ("no longer knows this run", "was interrupted in this run again and again")
    return any(word in change.reason for change in seen.history for word in words)


def _run_timers(worker: Process, *, renewing: bool) -> None:
    before = list(worker.gates)
    worker.run()
    while renewing and (new := [gate for gate in worker.gates if gate not in before]):
        worker.step(1, worker.gates.index(new[0]))
