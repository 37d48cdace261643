"""Worker processes, each started again the moment it ends, as a service manager does."""

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from tests.support.processes import ROOT

UP = "worker started"


@dataclass(frozen=True)
class Worker:
    """One life of a worker process; `log` is what it said in it."""

    process: "subprocess.Popen[bytes]"
    log: Path
    started_at: float

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def is_up(self) -> bool:
        """Whether it has come so far that it takes work."""
        return UP in self.log.read_text(errors="replace")


class Crew:
    """So many workers, whatever happens to each of them."""

    def __init__(self, size: int, logs: Path) -> None:
        self.logs = logs
        self.ended_by_themselves: list[Path] = []
        self._alive: dict[int, Worker] = {}
        self._killed: set[int] = set()
        self._is_over = threading.Event()
        self._threads = [threading.Thread(target=self._keep, args=(slot,)) for slot in range(size)]
        logs.mkdir()
        for thread in self._threads:
            thread.start()

    @property
    def alive(self) -> list[Worker]:
        """The workers that run at the moment."""
        return [one for one in list(self._alive.values()) if one.process.poll() is None]

    def kill(self, worker: Worker) -> None:
        """End a worker without a last word, and wait until it is gone."""
        self._killed.add(worker.pid)
        worker.process.kill()
        worker.process.wait()

    def stop(self) -> None:
        """End all workers as an operator does."""
        self._is_over.set()
        for worker in self.alive:
            worker.process.send_signal(signal.SIGTERM)
        for thread in self._threads:
            thread.join()

    def _keep(self, slot: int) -> None:
        life = 0
        while not self._is_over.is_set():
            life += 1
            worker = self._start(self.logs / f"worker-{slot}.{life}.log")
            self._alive[slot] = worker
            if self._is_over.is_set():
                worker.process.terminate()
            worker.process.wait()
            if worker.pid not in self._killed and not self._is_over.is_set():
                self.ended_by_themselves.append(worker.log)
                time.sleep(1)

    def _start(self, log: Path) -> Worker:
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "workers"],
                cwd=ROOT,
                env=dict(os.environ),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return Worker(process, log, time.monotonic())
