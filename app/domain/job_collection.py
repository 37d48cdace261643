"""What a run leaves behind: its logs and outputs, fetched into our own store one after another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Any

from sqlalchemy import case, func
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from app.connectors.base import RemoteFile, RunDetails
from app.connectors.errors import InvalidAnswer
from app.domain import job_progress
from app.domain.job_queue import Claim, claimed_job, retire
from app.domain.job_states import JobStatus, change_status
from app.domain.recipes import Recipe, ResultPattern, parse_recipe
from models import db
from models.base import now
from models.jobs import Job, JobLog, JobResult

# So many looks, over some twenty minutes, until a run is believed to have left nothing at all.
EMPTY_LOOKS = 8
# The MD5 checksum of an archive comes as an output of its own.
CHECKSUMS = ".md5"
# What tells why a run failed.
TELLING = ("quality", "statistics", "log")

CAUSE_LINES = 20
CAUSE_CHARACTERS = 4000


@dataclass(frozen=True)
class WantedResult:
    """An output that is to be fetched; `fetched_bytes` of it are here already.

    `downloads_left` is None where the service does not count its downloads.
    """

    id: int
    name: str
    location: str
    size: int | None
    fetched_bytes: int
    downloads_left: int | None = None


def record_logs(session: Session, claim: Claim, details: RunDetails) -> None:
    """Keep the texts of a run, each under its name; a later reading replaces an earlier one."""
    job_progress.keep(claimed_job(session, claim), details.status)
    for log in details.logs:
        kept = {
            "text": log.text.replace("\x00", ""),
            "is_truncated": log.is_truncated,
            "collected_at": now(),
        }
        statement = insert(JobLog).values(job_id=claim.job_id, name=log.name[:120], **kept)
        session.connection().execute(
            statement.on_conflict_do_update(index_elements=["job_id", "name"], set_=kept)
        )


def record_failure(session: Session, claim: Claim, details: RunDetails) -> None:
    """The run failed: say why, in the program's own last words."""
    job = claimed_job(session, claim)
    job.error_message = cause_of(details)
    job.remote_state = details.status.raw_state or job.remote_state
    change_status(session, job, JobStatus.FAILED, reason=_reason_of(details))
    retire(session, claim)


def record_cancelled(session: Session, claim: Claim) -> None:
    """The run turned out to have been cancelled at the service."""
    job = claimed_job(session, claim)
    if job.cancel_requested_at:
        job.cancel_outcome = "confirmed"
    change_status(session, job, JobStatus.CANCELLED, reason="The service confirms the cancel")
    retire(session, claim)


def list_results(session: Session, claim: Claim, details: RunDetails) -> list[WantedResult] | None:
    """Write down the outputs and return those to be fetched.

    An output that the recipe does not name as a result, or that can only be had at the service,
    is kept as `remote` with its location. None where a required result is missing, so that the job
    has failed (`record_missing`); `InvalidAnswer` where nothing at all is named yet.
    """
    job = claimed_job(session, claim)
    recipe = parse_recipe(job.panel_snapshot["recipe"])
    missing = _missing(recipe, job.parameters, details.outputs)
    nothing = f"{job.service_name} says that the run is complete, but names no output yet."
    # Attempts are also those in which the service did not answer.
    is_new = job.contact_error != nothing
    if missing and not details.outputs and (is_new or claim.attempts < EMPTY_LOOKS):
        raise InvalidAnswer(nothing)
    job.contact_at, job.contact_error = now(), ""
    _keep_outputs(session, job, recipe, details.outputs)
    db.announce(session, "jobs", job.ref, owner_ref=job.owner_ref)
    return None if missing else results_to_fetch(session, claim)


def record_missing(session: Session, claim: Claim, details: RunDetails) -> None:
    """The run left no result that is required: the job fails with a reason that names it."""
    job = claimed_job(session, claim)
    recipe = parse_recipe(job.panel_snapshot["recipe"])
    missing = _missing(recipe, job.parameters, details.outputs)
    job.error_message = _explain_missing(missing, details)
    change_status(session, job, JobStatus.FAILED, reason=job.error_message.splitlines()[0])
    retire(session, claim)


def list_telling(session: Session, claim: Claim, details: RunDetails) -> list[WantedResult]:
    """Write down those outputs of a failed run that tell why, and return those to be fetched.

    Others are only among them where they were written down before, as is what is there of a run
    that left no required result.

    The last download of one is its owner's: it is only named with where it is.
    """
    job = claimed_job(session, claim)
    recipe = parse_recipe(job.panel_snapshot["recipe"])
    telling = [
        replace(one, can_download=one.can_download and one.downloads_left != 1)
        for one in details.outputs
        if role_of(recipe, one.name) in TELLING
    ]
    _keep_outputs(session, job, recipe, telling)
    db.announce(session, "jobs", job.ref, owner_ref=job.owner_ref)
    return results_to_fetch(session, claim)


def results_to_fetch(session: Session, claim: Claim) -> list[WantedResult]:
    """The results that are to be fetched, or to be kept, in the order in which to do so."""
    # Checksums first, because they judge the others. What used up downloads in vain comes last.
    wanted = session.exec(
        select(JobResult)
        .where(JobResult.job_id == claim.job_id, JobResult.state == "listed")
        .order_by(
            col(JobResult.name).endswith(CHECKSUMS).desc(),
            col(JobResult.downloads_left).desc().nulls_first(),
            col(JobResult.id),
        )
    )
    return [_wanted(result) for result in wanted]


def record_collected(session: Session, claim: Claim) -> None:
    """Everything that can be fetched is here: the job is complete."""
    job = claimed_job(session, claim)
    states = session.exec(
        select(JobResult.state).where(JobResult.job_id == job.id, JobResult.role != "")
    ).all()
    fetched, remote = states.count("fetched"), states.count("remote")
    reason = f"{fetched} result{'' if fetched == 1 else 's'} fetched and verified"
    if damaged := states.count("damaged"):
        reason += f"; {damaged} came damaged from {job.service_name}, see below"
    if remote:
        reason += f"; {remote} can only be had at {job.service_name}, see where below"
    change_status(session, job, JobStatus.COMPLETED, reason=reason)
    retire(session, claim)


def role_of(recipe: Recipe, name: str) -> str:
    """What a result of this name is to a job; "" where it is none."""
    if not recipe.results:
        # Without patterns every output is a result.
        return "other"
    role = next((wanted.role for wanted in recipe.results if _matches(wanted, name)), "")
    return role or ("other" if name.endswith(CHECKSUMS) else "")


def cause_of(details: RunDetails) -> str:
    """The cause of a failure in readable form: as the connector tells it, or the end of stderr."""
    stderr = next((log.text for log in details.logs if "stderr" in log.name.lower()), "")
    last_lines = [line for line in stderr.splitlines() if line.strip()][-CAUSE_LINES:]
    text = details.failure.strip() or "\n".join(last_lines)
    if not text:
        text = "The service gave no reason. Its logs below may tell more."
    return text.replace("\x00", "")[-CAUSE_CHARACTERS:]


def _reason_of(details: RunDetails) -> str:
    code = details.exit_code
    told = f", exit code {code}" if code is not None else ""
    return f"The run failed at the service ({details.status.raw_state}{told})"


def _missing(
    recipe: Recipe, parameters: Mapping[str, Any], outputs: Sequence[RemoteFile]
) -> list[ResultPattern]:
    return [
        wanted
        for wanted in recipe.results
        if wanted.required
        and all(parameters.get(name) == value for name, value in wanted.when.items())
        and not any(_matches(wanted, output.name) for output in outputs)
    ]


def _explain_missing(missing: Sequence[ResultPattern], details: RunDetails) -> str:
    wanted = ", ".join(f"“{pattern.pattern}”" for pattern in missing)
    given = ", ".join(output.name for output in details.outputs[:20]) or "nothing"
    return (
        f"The run ended without error, but left no output like {wanted}. It left: {given}.\n"
        "The panel's recipe or the workflow at the service may be wrong: ask an administrator."
    )


def _matches(pattern: ResultPattern, name: str) -> bool:
    return fnmatchcase(name, pattern.pattern) or fnmatchcase(
        PurePosixPath(name).name, pattern.pattern
    )


def _keep_outputs(
    session: Session, job: Job, recipe: Recipe, outputs: Sequence[RemoteFile]
) -> None:
    """Insert or refresh the outputs' rows, all at once; one that was fetched stays as it is.

    Only how often it can be had still is always as the service says.
    """
    rows = {output.name[:300]: _output_row(job, recipe, output) for output in outputs}
    if not rows:
        return
    statement = insert(JobResult)
    new = statement.excluded
    is_listed = col(JobResult.state) == "listed"
    refreshed: dict[str, Any] = {
        name: case((is_listed, new[name]), else_=col(getattr(JobResult, name)))
        for name in ("role", "location", "state")
    }
    # Some services tell a size only when a file is fetched.
    size = func.coalesce(new.size, col(JobResult.size))
    refreshed["size"] = case((is_listed, size), else_=col(JobResult.size))
    refreshed["downloads_left"] = new.downloads_left
    session.connection().execute(
        statement.on_conflict_do_update(index_elements=["job_id", "name"], set_=refreshed),
        list(rows.values()),
    )


def _output_row(job: Job, recipe: Recipe, output: RemoteFile) -> dict[str, Any]:
    role = role_of(recipe, output.name)
    return {
        "job_id": job.id,
        "name": output.name[:300],
        "role": role,
        "location": output.location,
        "state": "listed" if role and output.can_download else "remote",
        "size": output.size,
        "sha256": "",
        "file_ref": "",
        "fetched_bytes": 0,
        "downloads_left": output.downloads_left,
        "error_message": "",
    }


def _wanted(result: JobResult) -> WantedResult:
    assert result.id is not None
    return WantedResult(
        id=result.id,
        name=result.name,
        location=result.location,
        size=result.size,
        fetched_bytes=result.fetched_bytes,
        downloads_left=result.downloads_left,
    )
