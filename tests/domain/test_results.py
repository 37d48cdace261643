"""Results of jobs among the stored files."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import Session, func, select

from app.domain import files, store, sweeping
from app.domain.store import StoredPath
from models import db
from models.files import StoredFile


def register(session: Session, content: StoredPath) -> str:
    return files.add_result(
        session, owner_ref="ada", job_ref="job", name="imputed.vcf.gz", content=content
    ).ref


def register_alone(content: StoredPath) -> str:
    with db.session(db.FILES) as session:
        return register(session, content)


def is_somebody_waiting() -> bool:
    with db.session(db.FILES) as session:
        return bool(session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")))


def test_a_result_that_two_workers_bring_at_once_is_there_once(
    databases: None, tmp_path: Path
) -> None:
    path = tmp_path / "imputed.vcf.gz"
    path.write_bytes(b"genotypes")
    content = store.ingest_path(path)
    with ThreadPoolExecutor() as pool:
        with db.session(db.FILES) as session:
            first = register(session, content)
            other = pool.submit(register_alone, content)
            while not other.done() and not is_somebody_waiting():
                time.sleep(0.05)
        assert other.result() == first
    with db.session(db.FILES) as session:
        assert session.exec(select(func.count()).select_from(StoredFile)).one() == 1


def test_a_result_that_waited_long_for_the_database_is_not_swept_while_it_is_registered(
    databases: None, tmp_path: Path
) -> None:
    path = tmp_path / "imputed.vcf.gz"
    path.write_bytes(b"genotypes of long ago")
    content = store.ingest_path(path)
    os.utime(content.path, (0, 0))
    with db.session(db.FILES) as session:
        register(session, content)
        with db.session(db.FILES) as other:
            sweeping.remove_unreferenced(other)
    assert content.path.read_bytes() == b"genotypes of long ago"
    content.path.unlink()
    with pytest.raises(FileNotFoundError):
        register_alone(content)
