"""Making files of results that are in the store."""

from app.domain import files, job_waits
from app.domain.job_queue import Claim
from app.domain.store import StoredPath
from models import db
from models.threads import call
from workers.leases import record
from workers.patience import insist


async def register(claimed: Claim, name: str, content: StoredPath) -> str:
    """Make a file of what has come; it is kept until that can be done, and becomes one once."""
    facts = {
        "owner_ref": claimed.owner_ref,
        "job_ref": claimed.job_ref,
        "name": name,
        "content": content,
    }
    try:
        file = await call(db.FILES, files.add_result, **facts)
    except db.Away as error:
        await record(job_waits.waiting, claimed, reason=str(error))
        file = await insist(db.FILES, files.add_result, **facts)
    return file.ref
