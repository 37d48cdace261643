"""A worker process in miniature: its own modules and event loop, stopped wherever it waits.

Each process has its own copy of the package `workers`, so that nothing is shared that two
processes would not share. It stops at a gate before and after everything that it does in a thread
(all its work with databases and files) and before and after every word with a service. A killed
process is simply never run again: as with SIGKILL, no `except` and no `finally` of it happens.
"""

import asyncio
import fcntl
import importlib
import selectors
import sys
from collections.abc import Callable
from contextlib import asynccontextmanager, suppress
from types import ModuleType
from typing import IO, Any

from app.config import settings
from app.domain.store import private_folder
from models import away, db
from tests.machine.calls import Call
from tests.machine.clock import Clock
from workers.lives import SUFFIX

# What a worker does with jobs. Its other duties do not touch them.
DUTIES = {
    "send": "submit.send",
    "follow": "jobs.follow",
    "collect": "collect.collect",
    "relay": "outbox.relay",
    "take over": "reconcile.take_over",
    "set right": "reconcile.set_right",
    "watch": "stalls.watch",
}


class _Selector(selectors.SelectSelector):
    """Tells the loop to stop when there is nothing to do but wait."""

    loop: "Loop"

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None or timeout > 0:
            self.loop.due_at = None if timeout is None else self.loop.time() + timeout
            self.loop.stop()
            return []
        return super().select(0)


class Loop(asyncio.SelectorEventLoop):
    """An event loop that knows its process and lives by the test's clock.

    `due_at` is when its next timer ends, if it has one.
    """

    def __init__(self, process: "Process", clock: Clock) -> None:
        selector = _Selector()
        selector.loop = self
        self.process, self.clock = process, clock
        self.due_at: float | None = None
        super().__init__(selector)

    def time(self) -> float:
        return self.clock.seconds()

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> Any:
        answer = self.create_future()
        self.process.in_background(self.process.carry_out(answer, func, *args))
        return answer


class Process:
    """A worker process. `surprises` collects every error that the worker ought not to have."""

    def __init__(self, clock: Clock, surprises: list[str]) -> None:
        self.modules = _own_modules(clock)
        self.loop = Loop(self, clock)
        self.loop.set_exception_handler(self._unhandled)
        self.gates: list[tuple[str, asyncio.Future[None]]] = []
        self.turns: list[asyncio.Task[object]] = []
        self.breaks: tuple[str, str] | None = None
        self.rests_next = False
        self.is_frozen = False
        self.is_dead = False
        self._clock, self._surprises = clock, surprises
        self._background: set[asyncio.Task[None]] = set()
        self._resting: list[Call] = []
        self.name = self.modules["leases"].WORKER
        self._life = _hold_lock(self.name)
        self._outages: dict[str, Any] = {}

    @property
    def is_awake(self) -> bool:
        """Whether its timers run."""
        return not (self.is_frozen or self.is_dead)

    def start(self, duty: str) -> None:
        """Begin a turn of a duty and go to the first gate."""
        module, function = DUTIES[duty].split(".")
        run = getattr(self.modules[module], function)
        self.turns.append(self.loop.create_task(run(), name=duty))
        self.run()

    def step(self, count: int = 1, which: int = 0) -> None:
        """Go through so many gates, one after the other; `which` chooses where several wait."""
        for _ in range(count):
            if not self.gates:
                return
            _, opened = self.gates.pop(which % len(self.gates))
            opened.set_result(None)
            self.run()

    def run(self) -> None:
        """Run until everything waits: at a gate or for a timer."""
        # What a process knows of databases that are away is its own, too.
        away._outages, others = self._outages, away._outages
        self.loop.run_forever()
        away._outages = others
        ended = [turn for turn in self.turns if turn.done()]
        self.turns = [turn for turn in self.turns if not turn.done()]
        for turn in ended:
            error = None if turn.cancelled() else turn.exception()
            # The scheduler outlives a database that is away.
            if error is not None and not isinstance(error, db.UNAVAILABLE):
                self._surprises.append(f"{turn.get_name()}: {error!r}")

    def finish(self) -> None:
        """Bring every turn to its end, letting time pass where it waits for nothing else.

        Work that insists on a database goes on as long as that is away: such a turn stays begun.
        """
        for _ in range(400):
            if not self.turns:
                return
            if self.gates:
                self.step()
            else:
                assert self.loop.due_at is not None, "a turn waits for nothing"
                self._clock.advance(max(0.001, self.loop.due_at - self.loop.time()))
                self.run()

    def kill(self) -> None:
        """End the process as SIGKILL does."""
        self.is_dead = True
        self._life.close()
        for call in self._resting:
            call.go_on(is_killed=True)
        self._resting.clear()

    def dispose(self) -> None:
        """Clear up after the test: nothing that happens now counts."""
        self.kill()
        for _ in range(10):
            if not (left := asyncio.all_tasks(self.loop)):
                break
            for task in left:
                task.cancel()
            self.loop.run_forever()
        self.loop.close()

    async def gate(self, label: str) -> None:
        """Stop here until the test lets the process go on."""
        if self.is_dead:
            raise asyncio.CancelledError
        here = (label, self.loop.create_future())
        self.gates.append(here)
        try:
            await here[1]
        finally:
            with suppress(ValueError):
                self.gates.remove(here)

    def in_background(self, work: Any) -> None:
        """Run a coroutine that nobody waits for."""
        task = self.loop.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def carry_out(
        self, answer: asyncio.Future[Any], work: Callable[..., Any], *args: Any
    ) -> None:
        """Do what was given to a thread. Like a thread, it goes on where nobody waits any more."""
        await self.gate("before the thread")
        call = Call(work, *args, worker=self.name, breaks=self.breaks, may_rest=self.rests_next)
        call.start()
        # What did not happen to this call may happen to the next.
        self.breaks, self.rests_next = call.breaks, call.may_rest
        if call.is_resting:
            self._resting.append(call)
            await self.gate("before the commit")
            self._resting.remove(call)
            call.go_on()
        await self.gate("after the thread")
        if answer.done():
            return
        if call.error is not None:
            answer.set_exception(call.error)
        else:
            answer.set_result(call.result)

    def _unhandled(self, _: object, context: dict[str, Any]) -> None:
        if not self.is_dead:
            self._surprises.append(f"{context.get('message')}: {context.get('exception')!r}")


def current() -> Process:
    """The process whose code is running."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, Loop)
    return loop.process


@asynccontextmanager
async def _no_client(**_: Any) -> Any:
    yield None


def _own_modules(clock: Clock) -> dict[str, ModuleType]:
    """A copy of the package `workers`: its clock is the test's, and it opens no HTTP client."""
    others = {name: sys.modules.pop(name) for name in list(sys.modules) if _is_worker(name)}
    try:
        for path in DUTIES.values():
            importlib.import_module(f"workers.{path.split('.')[0]}")
        own = {name: sys.modules.pop(name) for name in list(sys.modules) if _is_worker(name)}
    finally:
        sys.modules.update(others)
    for module in own.values():
        if hasattr(module, "monotonic"):
            module.monotonic = clock.seconds  # type: ignore[attr-defined]
        if hasattr(module, "open_client"):
            module.open_client = _no_client  # type: ignore[attr-defined]
    return {name.partition(".")[2]: module for name, module in own.items()}


def _hold_lock(worker: str) -> IO[str]:
    """Do what `workers.lives.living` does, in a way that can end without its `finally`."""
    folder = private_folder(settings().data_dir / "workers")
    file = (folder / f"{worker}{SUFFIX}").open("w")
    fcntl.flock(file, fcntl.LOCK_EX)
    return file


def _is_worker(name: str) -> bool:
    return name == "workers" or name.startswith("workers.")
