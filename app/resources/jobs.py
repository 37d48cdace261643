"""Everybody's jobs, with what can be done to them on their owners' behalf."""

from sqlmodel import col

from app.domain.job_care import HOLDS, OWNERS_HOLDS
from app.resources import choices
from app.resources.base import Column, Filter, Inline, Resource, Word
from app.resources.job_acts import ACTIONS
from app.resources.job_parts import JOB_NOTES, JOB_RESULTS, JOB_STEPS
from models import db
from models.jobs import Job

STATUSES = {
    "waiting": Word("Waiting", "gray", "hourglass"),
    "queued": Word("Queued", "gray", "list-ordered"),
    "submitting": Word("Submitting", "indigo", "send"),
    "submitted": Word("Submitted", "indigo", "inbox"),
    "running": Word("Running", "blue", "loader"),
    "collecting": Word("Collecting results", "blue", "download"),
    "completed": Word("Completed", "green", "circle-check"),
    "failed": Word("Failed", "red", "circle-x"),
    "cancelling": Word("Cancelling", "amber", "circle-minus"),
    "cancelled": Word("Cancelled", "gray", "ban"),
    "lost": Word("Abandoned", "orange", "unplug"),
}
HELD = {key: Word(one.title, "amber", "lock") for key, one in {**HOLDS, **OWNERS_HOLDS}.items()}

JOBS = Resource(
    name="jobs",
    title="Jobs",
    one="job",
    icon="list-checks",
    database=db.JOBS,
    permission="job:read:any",
    source=Job,
    ref=col(Job.ref),
    label=col(Job.name),
    columns=(
        Column("name", "Job", col(Job.name)),
        Column("status", "Status", col(Job.status), kind="word", words=STATUSES, is_wide=False),
        Column("held", "Held", col(Job.held_reason), kind="word", words=HELD, sorts=False),
        Column(
            "owner",
            "Owner",
            col(Job.owner_name),
            href="/admin/audit?actor={link}",
            link=Job.owner_ref,
        ),
        Column(
            "service",
            "Service",
            col(Job.service_name),
            href="/admin/services/{link}",
            link=Job.service_ref,
        ),
        Column("panel", "Panel", col(Job.panel_name)),
        Column("created", "Created", col(Job.created_at), kind="moment"),
        Column("why", "What was said last", col(Job.status_reason), in_list=False, sorts=False),
        Column("dataset", "Dataset", col(Job.dataset_name), in_list=False, sorts=False),
        Column("run", "Run there", col(Job.remote_id), kind="mono", in_list=False, sorts=False),
        Column("ended", "Ended", col(Job.finished_at), kind="moment", in_list=False, sorts=False),
        Column("ref", "Reference", col(Job.ref), kind="mono", in_list=False, sorts=False),
    ),
    sort="-created",
    search=(Job.name, Job.dataset_name, Job.panel_name, Job.service_name, Job.owner_name, Job.ref),
    filters=(
        Filter("status", "Status", Job.status, choices={k: w.title for k, w in STATUSES.items()}),
        Filter("service", "Service", Job.service_ref, choices=choices.services),
        Filter("panel", "Panel", Job.panel_ref, choices=choices.panels),
        Filter("owner", "Owner", Job.owner_ref, kind="person"),
        Filter("held", "Held", Job.held_reason, choices={k: w.title for k, w in HELD.items()}),
        Filter("created", "Created", Job.created_at, kind="days"),
    ),
    actions=ACTIONS,
    inlines=(
        Inline("Results", lambda: JOB_RESULTS, Job.ref),
        Inline("Status history", lambda: JOB_STEPS, Job.ref),
        Inline("Notes, and what was done on behalf", lambda: JOB_NOTES, Job.ref),
    ),
    live=("jobs",),
    target="job",
    page="/jobs/{ref}",
    subtitle="Everybody's jobs. What is done here is told to the owner, with the reason.",
    nothing="They appear as people submit datasets.",
)
