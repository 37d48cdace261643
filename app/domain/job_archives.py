"""What a job's archives hold: each member becomes a result of its own, the archive is not kept."""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from app.domain import store
from app.domain.archives import stated_sums
from app.domain.job_collection import CHECKSUMS, role_of
from app.domain.job_queue import Claim, claimed_job
from app.domain.recipes import parse_recipe
from models import db
from models.jobs import JobResult

LONGEST_LIST_OF_SUMS = 1024**2


def name_of_member(session: Session, claim: Claim, *, archive_id: int, name: str) -> str:
    """Under which name a member is a result of the job: its own, unless another result has it.

    The same each time that it is asked for the same member.
    """
    claimed_job(session, claim)
    taken = session.exec(
        select(JobResult).where(JobResult.job_id == claim.job_id, JobResult.name == name)
    ).first()
    if taken is None or taken.archive_id == archive_id:
        return name
    archive = session.exec(select(JobResult.name).where(JobResult.id == archive_id)).one()
    return f"{PurePosixPath(archive).with_suffix('')}/{name}"[-300:]


def record_member(
    session: Session,
    claim: Claim,
    *,
    archive_id: int,
    name: str,
    size: int,
    sha256: str,
    file_ref: str,
    damage: str = "",
) -> None:
    """A member of an archive is in our store, verified. A second time changes nothing."""
    job = claimed_job(session, claim)
    member = {
        "job_id": job.id,
        "archive_id": archive_id,
        "name": name,
        "role": role_of(parse_recipe(job.panel_snapshot["recipe"]), name) or "other",
        "state": "damaged" if damage else "fetched",
        "size": size,
        "fetched_bytes": size,
        "sha256": sha256,
        "file_ref": file_ref,
        "location": "",
        "error_message": f"It does not open, as the service packed it: {damage}." if damage else "",
    }
    statement = insert(JobResult).values(**member)
    same = ("role", "state", "size", "fetched_bytes", "sha256", "file_ref", "error_message")
    session.connection().execute(
        statement.on_conflict_do_update(
            index_elements=["job_id", "name"],
            set_={key: statement.excluded[key] for key in same},
            where=col(JobResult.archive_id) == archive_id,
        )
    )
    db.announce(session, "jobs", job.ref, owner_ref=job.owner_ref)


def record_unpacked(
    session: Session, claim: Claim, *, result_id: int, size: int, sha256: str, doubt: str = ""
) -> None:
    """All of an archive is here as its members; of itself only size and SHA-256 are kept.

    `doubt` is what was strange about it although all of it opened.
    """
    job = claimed_job(session, claim)
    archive = session.exec(select(JobResult).where(JobResult.id == result_id)).one()
    archive.state = "unpacked"
    archive.error_message = f"All that is in it opens, but {doubt}." if doubt else ""
    archive.size = archive.fetched_bytes = size
    archive.sha256 = sha256
    job.contact_error = ""
    session.add(archive)
    db.announce(session, "jobs", job.ref, owner_ref=job.owner_ref)


def checksum_files(session: Session, claim: Claim) -> list[Path]:
    """The lists of MD5 checksums among a job's results that are here."""
    claimed_job(session, claim)
    found = session.exec(
        select(JobResult.sha256).where(
            JobResult.job_id == claim.job_id,
            JobResult.state == "fetched",
            col(JobResult.name).endswith(CHECKSUMS),
        )
    )
    return [store.path_of(sha256) for sha256 in found]


def read_sums(lists: list[Path]) -> Mapping[str, str]:
    """The MD5 checksums that lists state, by file name; what is no such list states none."""
    sums: dict[str, str] = {}
    for path in lists:
        with path.open("rb") as file:
            sums |= stated_sums(file.read(LONGEST_LIST_OF_SUMS).decode(errors="replace"))
    return sums
