"""Background work on files: read new ones, finish and expire uploads, free the disk."""

import asyncio
import json
import sys
from typing import Any

import structlog
from sqlmodel import Session

from app.domain import download_keys, reading, retention, storing, sweeping
from app.domain.reading import FileToRead
from models import db
from models.threads import call
from workers.patience import insist
from workers.read_vcf import READ_SECONDS

log = structlog.get_logger()

# The reader stops by itself before this; only one that hangs is ended.
KILL_SECONDS = READ_SECONDS + 60

CRASHED = (
    "The file could not be read within the limits of memory and time. Check it with "
    "“bcftools view”, split it by chromosome, and upload it again."
)


async def read_new_files() -> None:
    """Read every file that waits for it, one after the other."""
    while (file := await call(db.FILES, reading.claim_unread)) is not None:
        answer = await _read(file)
        await insist(db.FILES, _save, file, answer)
        log.info("read a file", name=file.name, readable="facts" in answer)


async def store_uploads() -> None:
    """Finish what a crash, or a database that was away, left half-stored."""
    for tus_id in await call(db.FILES, sweeping.uploads_to_store):
        try:
            await asyncio.to_thread(storing.store_received, tus_id)
        except OSError as error:  # a full disk must not keep us from freeing it
            log.warning("an upload could not be stored yet", tus_id=tus_id, error=str(error))


async def sweep_uploads() -> None:
    """Remove what nobody needs any more."""
    removed = {
        "uploads": await call(db.FILES, sweeping.expire_uploads),
        "leftovers": await call(db.FILES, sweeping.remove_upload_leftovers),
        "results": await call(db.FILES, retention.delete_expired),
        "keys": await call(db.FILES, download_keys.forget_ended),
        "partials": await asyncio.to_thread(sweeping.remove_partials),
        "contents": await call(db.FILES, sweeping.remove_unreferenced),
    }
    if any(removed.values()):
        log.info("freed disk", **removed)


async def _read(file: FileToRead) -> dict[str, Any]:
    command = (sys.executable, "-m", "workers.read_vcf", str(file.path), file.name)
    reader = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        output, _ = await asyncio.wait_for(reader.communicate(), KILL_SECONDS)
        answer: dict[str, Any] = json.loads(output)
    except (TimeoutError, ValueError):
        return {"unreadable": CRASHED}
    finally:
        if reader.returncode is None:
            reader.kill()
            await reader.wait()
    return answer


def _save(session: Session, file: FileToRead, answer: dict[str, Any]) -> None:
    if "facts" in answer:
        reading.save_facts(session, file_id=file.file_id, facts=answer["facts"])
    else:
        reading.save_unreadable(session, file_id=file.file_id, reason=answer["unreadable"])
