"""Verifying a result that has come whole, and keeping it: an archive as what it holds."""

import asyncio
from pathlib import Path, PurePosixPath

from app.connectors.errors import InvalidAnswer
from app.domain import job_archives, job_results, store
from app.domain.archives import Damaged, WrongPassword, is_archive, md5_of
from app.domain.job_collection import WantedResult
from app.domain.job_queue import Claim
from app.domain.result_check import damage_of
from app.domain.store import StoredPath
from workers.fetch import Interrupted, whole_path
from workers.leases import record
from workers.registering import register
from workers.unpack import unpack


async def keep(claimed: Claim, result: WantedResult, *, may_come_again: bool = True) -> None:
    """Verify a result that has come whole, and keep it: an archive as what it holds.

    One that is not as it should be is kept all the same where it comes so each time, or where it
    cannot come again. Else `Interrupted` is raised, and it is to be fetched anew.
    """
    path = whole_path(claimed, result)
    doubt, damage = await _stated_otherwise(claimed, result, path), ""
    if doubt and may_come_again:
        await _begin_anew(claimed, result, path, doubt)
    if claimed.archive_password and is_archive(result.name):
        try:
            await unpack(claimed, result, path, doubt=doubt)
        except WrongPassword as error:
            # It would come with the same password again.
            await _store(claimed, result, path, damage=str(error))
            return
        except Damaged as error:
            damage = str(error)
        else:
            await asyncio.to_thread(path.unlink)
            return
    damage = damage or doubt or await asyncio.to_thread(damage_of, path, result.name)
    if damage and may_come_again:
        await _begin_anew(claimed, result, path, damage)
    await _store(claimed, result, path, damage=damage)


async def _store(claimed: Claim, result: WantedResult, path: Path, *, damage: str) -> None:
    content = await asyncio.to_thread(_ingest, path)
    file_ref = await register(claimed, PurePosixPath(result.name).name, content)
    await record(
        job_results.record_fetched,
        claimed,
        result_id=result.id,
        size=content.size,
        sha256=content.sha256,
        file_ref=file_ref,
        damage=damage,
    )
    await asyncio.to_thread(path.unlink)


def _ingest(path: Path) -> StoredPath:
    """Put a result into the store; it stays here, too, until it is registered for certain."""
    link = path.with_name(f"{path.name}.link")
    link.unlink(missing_ok=True)
    try:
        link.hardlink_to(path)
    except OSError:  # a file system without hard links
        return store.ingest_path(path)
    return store.ingest_path(link, move=True)


async def _stated_otherwise(claimed: Claim, result: WantedResult, path: Path) -> str:
    """What is wrong with a result of which the service states another MD5 checksum."""
    lists = await record(job_archives.checksum_files, claimed)
    stated = await asyncio.to_thread(job_archives.read_sums, lists) if lists else {}
    md5 = stated.get(PurePosixPath(result.name).name)
    if md5 is None or await asyncio.to_thread(md5_of, path) == md5:
        return ""
    return "its MD5 checksum is not the one that the service states"


async def _begin_anew(claimed: Claim, result: WantedResult, path: Path, damage: str) -> None:
    """Raise where a result that does not open is to come anew."""
    sha256 = await asyncio.to_thread(store.sha256_of, path)
    if await record(
        job_results.record_damage, claimed, result_id=result.id, sha256=sha256, damage=damage
    ):
        await asyncio.to_thread(path.unlink)
        again = f"“{result.name}” does not open: {damage}. It is fetched anew."
        raise Interrupted(InvalidAnswer(again), brought=False)
