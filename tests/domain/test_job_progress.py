"""What a service tells of a run's stages is kept, bounded, and read as it was told."""

from app.connectors.base import RunState, RunStatus
from app.connectors.run_stages import RunMessage, RunStage, Severity, StageState
from app.domain import job_progress
from models.jobs import Job

STAGES = (
    RunStage("Input Validation", StageState.DONE, messages=[RunMessage(Severity.OK, "Fine")]),
    RunStage("Imputation", StageState.RUNNING, done=3, total=10),
)


def a_job(**values: object) -> Job:
    return Job(progress={}, qc_statistics={}, **values)


def a_look(*stages: RunStage, position: int | None = None) -> RunStatus:
    return RunStatus("run", RunState.RUNNING, "RUNNING (2)", stages=stages, position=position)


def test_stages_come_back_as_they_were_told() -> None:
    job = a_job()
    assert job_progress.keep(job, a_look(*STAGES, position=3))
    found = job_progress.progress_of(job)
    assert (found.position, found.stages[1].done, found.stages[1].total) == (3, 3, 10)
    assert found.stages[0].messages[0].text == "Fine"
    assert found.seen_at


def test_a_look_that_tells_nothing_new_changes_nothing() -> None:
    job = a_job()
    assert not job_progress.keep(job, a_look())
    assert job.progress == {}
    job_progress.keep(job, a_look(*STAGES))
    before = job.progress
    assert not job_progress.keep(job, a_look(*STAGES))
    assert job.progress is before


def test_a_look_without_stages_leaves_those_that_are_known() -> None:
    job = a_job()
    job_progress.keep(job, a_look(*STAGES, position=1))
    assert job_progress.keep(job, a_look())
    found = job_progress.progress_of(job)
    assert (found.position, len(found.stages)) == (None, 2)


def test_statistics_in_messages_are_kept_with_the_job() -> None:
    said = RunMessage(Severity.WARNING, "Excluded sites in total: 11")
    job = a_job()
    job_progress.keep(job, a_look(RunStage("QC", StageState.DONE, messages=[said])))
    assert job.qc_statistics == {"excluded": 11}


def test_what_is_kept_is_bounded() -> None:
    long = RunMessage(Severity.OK, "x\x00" * 2000)
    stage = RunStage("n" * 1000, StageState.DONE, messages=[long] * 30)
    job = a_job()
    job_progress.keep(job, a_look(*[stage] * 30))
    kept = job_progress.progress_of(job).stages
    assert (len(kept), len(kept[0].messages), len(kept[0].name)) == (20, 20, 120)
    text = kept[0].messages[0].text
    assert (len(text), "\x00" in text) == (1500, False)
