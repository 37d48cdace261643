"""What belongs to a job: its results, its steps and the notes on it."""

from sqlalchemy import String, cast, join
from sqlmodel import col

from app.domain.job_notes import ACTS
from app.resources.base import Column, Resource, Word
from models import db
from models.jobs import Job, JobNote, JobResult, JobStatusChange

RESULT_STATES = {
    "listed": Word("To be fetched", "gray", "hourglass"),
    "fetched": Word("Here", "green", "circle-check"),
    "damaged": Word("Damaged", "red", "circle-x"),
    "unpacked": Word("Unpacked", "green", "package-open"),
    "remote": Word("At the service", "blue", "cloud"),
    "gone": Word("Deleted there", "gray", "trash-2"),
    "deleted": Word("Deleted here", "gray", "trash-2"),
}
DONE = {key: Word(title, "blue", "user-cog") for key, title in ACTS.items()} | {
    "": Word("Note", "gray", "notebook-pen")
}
SEEN = {"true": Word("Administrators", "amber", "eye-off"), "false": Word("Owner", "gray", "eye")}

JOB_RESULTS = Resource(
    name="job-results",
    title="Results",
    one="result",
    icon="file-archive",
    database=db.JOBS,
    permission="job:read:any",
    source=join(JobResult, Job, col(Job.id) == col(JobResult.job_id)),
    ref=cast(col(JobResult.id), String),
    label=col(JobResult.name),
    columns=(
        Column("name", "File", JobResult.name, href="/admin/files/{link}", link=JobResult.file_ref),
        Column("state", "State", JobResult.state, kind="word", words=RESULT_STATES, is_wide=False),
        Column("size", "Size", JobResult.size, kind="bytes"),
        Column("said", "What was said", JobResult.error_message),
    ),
    sort="name",
    page="/jobs",
    nothing="The run has left nothing yet.",
)

JOB_STEPS = Resource(
    name="job-steps",
    title="Steps",
    one="step",
    icon="history",
    database=db.JOBS,
    permission="job:read:any",
    source=join(JobStatusChange, Job, col(Job.id) == col(JobStatusChange.job_id)),
    ref=cast(col(JobStatusChange.id), String),
    label=col(JobStatusChange.to_status),
    columns=(
        Column("at", "When", JobStatusChange.at, kind="moment", is_wide=False),
        Column("to", "Status", JobStatusChange.to_status, is_wide=False),
        Column("why", "What happened", JobStatusChange.reason, is_wide=False),
        Column("said", "The service's word", JobStatusChange.remote_state, kind="mono"),
        Column("by", "By", JobStatusChange.actor),
    ),
    sort="-at",
    page="/jobs",
)

JOB_NOTES = Resource(
    name="job-notes",
    title="Notes",
    one="note",
    icon="notebook-pen",
    database=db.JOBS,
    permission="job:read:any",
    source=join(JobNote, Job, col(Job.id) == col(JobNote.job_id)),
    ref=col(JobNote.ref),
    label=col(JobNote.text),
    columns=(
        Column("at", "When", JobNote.at, kind="moment", is_wide=False),
        Column("what", "What", JobNote.act, kind="word", words=DONE, is_wide=False),
        Column("text", "In words", JobNote.text, is_wide=False),
        Column("why", "Why", JobNote.reason),
        Column("by", "By", JobNote.author_name),
        Column("seen", "Read by", cast(col(JobNote.is_internal), String), kind="word", words=SEEN),
    ),
    sort="-at",
    page="/jobs",
)
