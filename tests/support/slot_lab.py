"""A service with slots, and people who submit jobs to it that the worker sends."""

import asyncio
from pathlib import Path

from app.domain.access import Actor
from tests.support.slot_service import SlotService, add_slot_panel, look_at_runs
from tests.support.working import add_dataset, submit_to
from workers import jobs, submit


class Lab:
    """A service with two slots for each credential, and the jobs that people submit to it."""

    def __init__(self, folder: Path) -> None:
        self.service = SlotService(slots=2)
        self.panel = add_slot_panel(2)
        self._folder, self._datasets = folder, dict[str, str]()

    def submit(self, owner: Actor, count: int) -> list[str]:
        """Submit some jobs; return their refs."""
        if owner.user_ref not in self._datasets:
            self._datasets[owner.user_ref] = add_dataset(self._folder, owner)
        dataset = self._datasets[owner.user_ref]
        return [submit_to(self.panel, dataset, owner=owner) for _ in range(count)]

    def work(self) -> None:
        """Let the worker send whatever is due, and nothing that sleeps."""

        async def until_nothing_is_due() -> None:
            while await submit.send():
                pass

        asyncio.run(until_nothing_is_due())

    def end(self, *refs: str) -> None:
        """Runs end at the service, and the worker sees it."""
        for ref in refs:
            del self.service.runs[ref]
        look_at_runs()
        asyncio.run(jobs.follow())
        self.work()
