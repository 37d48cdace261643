"""Submitting while everything breaks: each submission has one key, and is repeated with it."""

import time
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from app.domain import panels, submissions
from app.domain.panels import PanelDetail
from app.domain.submission_checks import ChosenDataset
from models import db
from tests.chaos.ledger import Ledger, completed, patiently, undelivered
from tests.support.submitting import actor
from tests.support.working import add_dataset, add_panel

RECIPE = {
    "workflow_url": str(Path(__file__).with_name("letter.cwl")),
    "workflow_type": "CWL",
    "workflow_type_version": "v1.2",
    "workflow_params": {
        "job": "${job}",
        "word": "${parameters.word}",
        "target": {"class": "File", "location": "${input}"},
    },
    "parameters": [{"name": "word", "kind": "string", "required": True}],
    "results": [{"pattern": "letter.txt", "role": "imputed", "required": True}],
}

# More open jobs than this would only wait at the service.
MOST_OPEN = 16


@dataclass(frozen=True)
class Errand:
    """One submission to make: its key, its word, and the dataset with its content."""

    key: str
    word: str
    dataset_ref: str
    content: bytes

    def letter(self, job_ref: str) -> bytes:
        """The result that proves whose it is."""
        return f"job {job_ref}\nword {self.word}\n".encode() + self.content


def prepare(service_url: str, count: int, folder: Path) -> tuple[PanelDetail, list[Errand]]:
    """Add the service, its panel, and a dataset of its own for each submission."""
    ada = actor()
    panel_ref = add_panel(service_url, recipe=RECIPE)
    with db.session(db.REGISTRY) as session:
        panel = panels.get_panel(session, actor=ada, panel_ref=panel_ref)
    errands = []
    for number in range(count):
        content = f"##fileformat=VCFv4.2\n##cohort={number}\n".encode()
        dataset_ref = add_dataset(folder, ada, name="target.vcf", content=content)
        errands.append(Errand(f"chaos-{number:06}", f"w{number}", dataset_ref, content))
    return panel, errands


class Submitter(Thread):
    """Makes the first submissions before the chaos, the others spread over its kills."""

    def __init__(
        self, panel: PanelDetail, errands: list[Errand], ledger: Ledger, *, before: int, kills: int
    ) -> None:
        super().__init__(name="submitter")
        self._panel, self._errands, self._ledger = panel, errands, ledger
        self._before, self._kills = before, kills
        self._outages = 0

    def begin(self) -> None:
        """Make the submissions that are there before anything breaks, and go on beside."""
        for errand in self._errands[: self._before]:
            self._submit(errand)
        self.start()

    def run(self) -> None:
        """Make the others, each when it is its turn."""
        for number, errand in enumerate(self._errands[self._before :], 1):
            share = number / (len(self._errands) - self._before)
            while not self._is_turn(share):
                if self._ledger.is_cut_short.wait(0.2):
                    return
            self._submit(errand)

    def _is_turn(self, share: float) -> bool:
        """Whether enough was broken for the next; and one comes out of turn in each outage."""
        if self._ledger.outages > self._outages:
            self._outages = self._ledger.outages
            return True
        chaos = self._ledger.kills / self._kills if self._kills else 1.0
        try:
            return chaos >= share - 0.02 and self._ledger.submitted - completed() < MOST_OPEN
        except db.UNAVAILABLE:
            return False

    def _submit(self, errand: Errand) -> None:
        def work() -> str:
            with db.session(db.JOBS) as session:
                row = submissions.submit(
                    session,
                    actor=actor(),
                    name=errand.word,
                    dataset=ChosenDataset(errand.dataset_ref, errand.word, 1),
                    panels=[self._panel],
                    parameters={"word": errand.word},
                    idempotency_key=errand.key,
                    access={},
                )
                made = submissions.submission_detail(session, actor=actor(), submission_ref=row.ref)
            return made.jobs[0].ref

        def again() -> None:
            self._ledger.repeated.add(errand.key)

        job_ref = patiently(work, again=again)
        self._ledger.expected[job_ref] = errand.letter(job_ref)
        self._ledger.submitted += 1


def wait_for_the_rest(count: int, *, stall_seconds: float) -> None:
    """Wait until all jobs are complete and told of; give up where nothing moves for so long."""

    def look() -> tuple[int, int]:
        return completed(), undelivered()

    before, since = patiently(look), time.monotonic()
    while before != (count, 0) and time.monotonic() - since < stall_seconds:
        time.sleep(0.5)
        if (now := patiently(look)) != before:
            before, since = now, time.monotonic()
