"""Opening an archive that was fetched: each of its members becomes a result of the job.

After a kill at any point the archive is opened again from its beginning; what is registered already
is not doubled.
"""

import asyncio
from pathlib import Path, PurePosixPath

from app.domain import archives, job_archives, store
from app.domain.archive_passwords import password_of
from app.domain.archives import Member
from app.domain.job_collection import WantedResult
from app.domain.job_queue import Claim
from app.domain.result_check import damage_of
from workers.fetch import size_of
from workers.leases import record
from workers.registering import register


async def unpack(claimed: Claim, result: WantedResult, path: Path, *, doubt: str = "") -> None:
    """Register every member of the archive at `path`, then the archive itself as unpacked.

    `doubt` is what is strange about it, and is kept with it.

    Raises `Damaged` where it does not open, and `Refused` where there is no room or its password
    cannot be read.
    """
    found = archives.members(path, password=password_of(claimed.archive_password), draft=path)
    while (member := await asyncio.to_thread(next, found, None)) is not None:
        await _keep(claimed, result, member)
    sha256 = await asyncio.to_thread(store.sha256_of, path)
    size = await asyncio.to_thread(size_of, path)
    await record(
        job_archives.record_unpacked,
        claimed,
        result_id=result.id,
        size=size,
        sha256=sha256,
        doubt=doubt,
    )


async def _keep(claimed: Claim, archive: WantedResult, member: Member) -> None:
    damage = await asyncio.to_thread(damage_of, member.path, member.name)
    content = await asyncio.to_thread(store.place, member.path, member.sha256)
    name = await record(
        job_archives.name_of_member, claimed, archive_id=archive.id, name=member.name
    )
    file_ref = await register(claimed, PurePosixPath(name).name, content)
    await record(
        job_archives.record_member,
        claimed,
        archive_id=archive.id,
        name=name,
        size=member.size,
        sha256=member.sha256,
        file_ref=file_ref,
        damage=damage,
    )
