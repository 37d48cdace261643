"""What nobody needs any more: expired uploads, abandoned bytes, contents without a file."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from sqlmodel import Session, col, select

from app.config import settings
from app.domain import store, storing
from app.domain.uploads import announce, data_path
from models.base import now
from models.files import StoredContent, StoredFile, Upload

HOUR = 3600.0
DAY = 24 * HOUR
WHOLE_DAYS = 60


def uploads_to_store(session: Session) -> Sequence[str]:
    """The tus ids of complete uploads that are no files yet.

    One whose last byte came when this could not be noted is complete all the same.
    """
    for upload in session.exec(select(Upload).where(Upload.state == "receiving")):
        data = data_path(upload.owner_ref, upload.tus_id)
        if data.exists() and data.stat().st_size == upload.size:
            storing.mark_complete(session, tus_id=upload.tus_id)
    query = select(Upload.tus_id).where(Upload.state == "storing").order_by(col(Upload.id))
    return session.exec(query).all()


def expire_uploads(session: Session) -> int:
    """Give up uploads that were not finished in time, and forget failures as old; count them."""
    limit = now() - timedelta(days=settings().upload_days)
    old = session.exec(
        select(Upload).where(
            col(Upload.state).in_(("receiving", "failed")), col(Upload.created_at) < limit
        )
    ).all()
    for upload in old:
        session.delete(upload)
        announce(session, upload)
    return len(old)


def remove_upload_leftovers(session: Session) -> int:
    """Remove what lies in the upload folder for uploads that are no longer under way; count it.

    The record of a finished upload stays for a day, so that a browser that missed the last answer
    is told that all is well.
    """
    under_way = set(
        session.exec(select(Upload.tus_id).where(col(Upload.state).in_(("receiving", "storing"))))
    )
    removed = 0
    for folder in settings().upload_dir.glob("*"):
        finished = [path for path in folder.iterdir() if path.stem not in under_way]
        removed += sum(_remove_if_old(path, DAY) for path in finished)
    return removed


def _remove_if_old(path: Path, seconds: float) -> bool:
    try:
        if path.stat().st_mtime > now().timestamp() - seconds:
            return False
        path.unlink()
    except FileNotFoundError:  # another worker was faster
        return False
    return True


def remove_partials() -> int:
    """Remove results whose fetching nobody continued for as long as an upload may take.

    Those that have come whole wait longer: for room, say, or for a worker.
    """
    folder, limit = store.partial_dir(), settings().upload_days * DAY
    removed = store.clear_old(folder, older_than=limit, spared=store.WHOLE)
    return removed + store.clear_old(folder, older_than=max(limit, WHOLE_DAYS * DAY))


def remove_unreferenced(session: Session) -> int:
    """Remove contents that no file has any more, an hour after they were last put in; count them.

    What has no row at all (a crash between the store and the database) is given a day.
    """
    live = select(StoredFile.sha256).where(col(StoredFile.deleted_at).is_(None))
    wanted = set(session.exec(live))
    known = set(session.exec(select(StoredContent.sha256)))
    removed = 0
    for sha256 in store.names():
        if sha256 not in wanted:
            age = HOUR if sha256 in known else DAY
            removed += store.remove(sha256, unless_newer_than=age)
    store.clear_old(store.store_folder("incoming"), older_than=DAY)
    return removed
