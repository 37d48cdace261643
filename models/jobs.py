"""`job_processing_db`: submissions, jobs, every change of a job, and the queue of due work."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, MetaData, UniqueConstraint, text
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from models.base import NAMING, Outbox, identity, json_object, moment, optional_moment, ref_field


class JobsBase(SQLModel, registry=registry(metadata=MetaData(naming_convention=NAMING))):
    """Tables of the job-processing database."""


class Submission(JobsBase, table=True):
    """One dataset with one set of parameters, sent to one or more panels.

    `idempotency_key` comes from the form: sending the same form twice makes one submission.
    `resubmission_of` is the ref of the job in whose place this one was made, if any.
    """

    __tablename__ = "submissions"
    __table_args__ = (UniqueConstraint("owner_ref", "idempotency_key"),)

    id: int | None = identity()
    ref: str = ref_field()
    owner_ref: str = Field(max_length=40, index=True)
    owner_name: str = Field(default="", max_length=200)
    name: str = Field(max_length=200)
    dataset_ref: str = Field(max_length=40, index=True)
    dataset_name: str = Field(max_length=200)
    parameters: dict[str, Any] = json_object()
    idempotency_key: str = Field(max_length=64)
    resubmission_of: str = Field(default="", max_length=40, index=True)
    created_at: datetime = moment(index=True)


class Job(JobsBase, table=True):
    """One submission's run on one service.

    `status` is what we know of the run; `contact_at` and `contact_error` are about the service
    answering at all. `remote_state` is the service's own word, kept as it came. `panel_snapshot`
    holds the panel and its recipe as they were when the job was made. `remote_id` of a job that is
    still `submitting` is one that its owner named and the service has not confirmed.

    All times are by our own clock. `looked_in_vain_at`: since when the service says that no run
    carries our id. `stalled_at`: since when the run takes far longer than is usual for its panel.
    `offered_at`: when a run that was given up turned out to be complete after all.

    `slot_key` names whose slots at the service the job takes or waits for: the service's ref and
    the user's, or the service's ref alone where the lab shares a token (`app.domain.job_slots`).
    `waits_for` is `slot` while the job waits for one, `paused` while administrators let none be
    sent there, and `restart` while its owner's wish waits to have the interrupted run started
    again. `progress` is what the service said last of
    the run (`app.domain.job_progress`), `qc_statistics` what its quality control counted.
    `archive_password` is encrypted. The service deletes the results at `results_expire_at`, and was
    seen to have done so at `results_gone_at`. `restarts` counts how often we had the service start
    the interrupted run again.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        Index("ix_jobs_owner_created", "owner_ref", "created_at"),
        Index("ix_jobs_panel_finished", "panel_ref", "finished_at"),
        Index("ix_jobs_slot_key", "slot_key", "status", postgresql_where=text("slot_key <> ''")),
    )

    id: int | None = identity()
    ref: str = ref_field()
    submission_id: int = Field(foreign_key="submissions.id", index=True)
    owner_ref: str = Field(max_length=40)
    owner_name: str = Field(default="", max_length=200)
    name: str = Field(max_length=200)
    dataset_ref: str = Field(max_length=40)
    dataset_name: str = Field(max_length=200)
    service_ref: str = Field(max_length=40, index=True)
    service_name: str = Field(max_length=120)
    panel_ref: str = Field(max_length=40)
    panel_name: str = Field(max_length=200)
    panel_snapshot: dict[str, Any] = json_object()
    parameters: dict[str, Any] = json_object()
    status: str = Field(default="waiting", max_length=20, index=True)
    status_reason: str = Field(default="")
    held_reason: str = Field(default="", max_length=40)
    remote_id: str = Field(default="", max_length=300)
    remote_state: str = Field(default="", max_length=60)
    contact_at: datetime | None = optional_moment()
    contact_error: str = Field(default="")
    error_message: str = Field(default="")
    cancel_requested_at: datetime | None = optional_moment()
    cancel_outcome: str = Field(default="", max_length=20)
    created_at: datetime = moment()
    updated_at: datetime = moment()
    looked_in_vain_at: datetime | None = optional_moment()
    submitted_at: datetime | None = optional_moment()
    running_at: datetime | None = optional_moment()
    stalled_at: datetime | None = optional_moment()
    finished_at: datetime | None = optional_moment()
    offered_at: datetime | None = optional_moment()
    slot_key: str = Field(default="", max_length=90)
    waits_for: str = Field(default="", max_length=20)
    progress: dict[str, Any] = json_object()
    qc_statistics: dict[str, Any] = json_object()
    archive_password: str = Field(default="")
    results_expire_at: datetime | None = optional_moment(index=True)
    results_gone_at: datetime | None = optional_moment()
    restarts: int = Field(default=0)


class JobStatusChange(JobsBase, table=True):
    """One change of a job: when, from what, to what, why and by whom."""

    __tablename__ = "job_status"

    id: int | None = identity()
    job_id: int = Field(foreign_key="jobs.id", index=True)
    at: datetime = moment()
    from_status: str = Field(default="", max_length=20)
    to_status: str = Field(max_length=20)
    remote_state: str = Field(default="", max_length=60)
    reason: str = Field(default="")
    actor: str = Field(default="worker", max_length=200)


class JobNote(JobsBase, table=True):
    """What an administrator wrote on a job, or did to it on its owner's behalf and why.

    `act` is a key of `app.domain.job_notes.ACTS`, empty for a note. The owner sees neither an
    internal one nor that it is there.
    """

    __tablename__ = "job_notes"

    id: int | None = identity()
    ref: str = ref_field()
    job_id: int = Field(foreign_key="jobs.id", index=True)
    at: datetime = moment()
    author_ref: str = Field(default="", max_length=40)
    author_name: str = Field(default="", max_length=200)
    act: str = Field(default="", max_length=20)
    text: str = Field(default="")
    reason: str = Field(default="")
    is_internal: bool = Field(default=False)


class JobQueueEntry(JobsBase, table=True):
    """When a job is due for the worker, and which worker holds it until when (the lease)."""

    __tablename__ = "job_queue"

    job_id: int = Field(foreign_key="jobs.id", primary_key=True)
    next_action_at: datetime = moment(index=True)
    lease_owner: str = Field(default="", max_length=80)
    lease_until: datetime | None = optional_moment()
    attempts: int = Field(default=0)


class JobLog(JobsBase, table=True):
    """A text that the service keeps about a run: its stdout, stderr or a task's log, cleaned."""

    __tablename__ = "job_logs"
    __table_args__ = (UniqueConstraint("job_id", "name"),)

    id: int | None = identity()
    job_id: int = Field(foreign_key="jobs.id")
    name: str = Field(max_length=120)
    text: str = Field(default="")
    is_truncated: bool = Field(default=False)
    collected_at: datetime = moment()


class JobResult(JobsBase, table=True):
    """One output of a run: where it is at the service, and our own copy once it is fetched.

    `state` is `listed`, `fetched` (here and verified), `damaged` (here, but it does not open, and
    comes so each time), `unpacked` (an archive whose content is here, as the rows whose
    `archive_id` names it), `remote` (it can only be had at the service: `location` says where),
    `gone` (the service deleted it before it was fetched) or `deleted` (we had it until
    `deleted_at`: its owner deleted it, or its time here was over). `fetched_bytes` lets an
    interrupted fetch go on where it stopped. `refusals` counts how often the service would not hand
    it out. `downloads_left` is how often it still does, None for as often as is wished; the last
    time is its owner's, who asked us to use it at `last_download_asked_at`.
    """

    __tablename__ = "job_results"
    __table_args__ = (UniqueConstraint("job_id", "name"),)

    id: int | None = identity()
    job_id: int = Field(foreign_key="jobs.id")
    name: str = Field(max_length=300)
    role: str = Field(default="", max_length=40)
    location: str = Field(default="")
    state: str = Field(default="listed", max_length=20)
    size: int | None = Field(default=None, sa_type=BigInteger)
    sha256: str = Field(default="", max_length=64)
    file_ref: str = Field(default="", max_length=40)
    fetched_bytes: int = Field(default=0, sa_type=BigInteger)
    refusals: int = Field(default=0)
    downloads_left: int | None = Field(default=None)
    last_download_asked_at: datetime | None = optional_moment()
    archive_id: int | None = Field(default=None, foreign_key="job_results.id")
    deleted_at: datetime | None = optional_moment()
    error_message: str = Field(default="")


class ServiceContact(JobsBase, table=True):
    """How the worker gets on with a service: one circuit breaker for all its jobs.

    `failures` are contacts in vain in a row; until `retry_at` nobody asks the service anything.
    """

    __tablename__ = "service_contacts"

    service_ref: str = Field(primary_key=True, max_length=40)
    failures: int = Field(default=0)
    lost_at: datetime | None = optional_moment()
    retry_at: datetime | None = optional_moment()
    error_message: str = Field(default="")


class JobEstimate(JobsBase, table=True):
    """What was expected of a job when it was sent, in seconds, to be compared with what came."""

    __tablename__ = "job_estimates"

    job_id: int = Field(foreign_key="jobs.id", primary_key=True)
    made_at: datetime = moment()
    wait_least: float | None = Field(default=None)
    wait_most: float | None = Field(default=None)
    turnaround_least: float | None = Field(default=None)
    turnaround_most: float | None = Field(default=None)
    basis: str = Field(default="", max_length=200)


class JobsOutbox(Outbox, JobsBase, table=True):
    """Changes of jobs that other databases must follow."""

    __tablename__ = "jobs_outbox"
