"""People own datasets: they list, make, rename and delete their own, and see nobody else's."""

from pathlib import Path

import pytest
from sqlmodel import Session, select

from app.config import settings
from app.domain import datasets, files, store
from app.domain.access import ROLES, Actor
from app.domain.errors import Conflict, Invalid, NotAllowed, NotFound
from models import db
from models.files import Dataset, FileMetadata

pytestmark = pytest.mark.usefixtures("databases")


def person(name: str, role: str = "researcher") -> Actor:
    return Actor(user_ref=name, name=name, email=f"{name}@lab.example", permissions=ROLES[role])


ANNA = person("anna")
BEN = person("ben")


def put(session: Session, dataset_ref: str, name: str, content: bytes, folder: Path) -> str:
    path = folder / name
    path.write_bytes(content)
    dataset = session.exec(select(Dataset).where(Dataset.ref == dataset_ref)).one()
    file = files.add_file(
        session,
        kind=files.INPUT,
        owner_ref=dataset.owner_ref,
        name=name,
        content=store.ingest_path(path),
        dataset_id=dataset.id,
    )
    facts = {"samples": 51, "variants": 100}
    session.add(FileMetadata(file_id=file.id or 0, state="read", facts=facts))
    session.flush()
    return file.ref


def test_a_list_holds_ones_own_datasets_with_what_their_files_add_up_to(tmp_path: Path) -> None:
    with db.session(db.FILES) as session:
        ref = datasets.create_dataset(session, actor=ANNA, name="Cohort A")
        datasets.create_dataset(session, actor=BEN, name="Cohort B")
        put(session, ref, "chr1.vcf.gz", b"one", tmp_path)
        put(session, ref, "chr2.vcf.gz", b"three", tmp_path)
        page = datasets.list_datasets(session, actor=ANNA)
    assert page.total == 1
    row = page.rows[0]
    assert (row.name, row.state) == ("Cohort A", "ready")
    assert (row.file_count, row.size, row.samples, row.variants) == (2, 8, 51, 200)


def test_a_list_is_searched_sorted_and_paged() -> None:
    with db.session(db.FILES) as session:
        for name in ("beta", "Alpha", "gamma 100%", "delta"):
            datasets.create_dataset(session, actor=ANNA, name=name)
        by_name = datasets.list_datasets(
            session, actor=ANNA, sort="name", descending=False, page_size=2, page=2
        )
        found = datasets.list_datasets(session, actor=ANNA, search="100%")
        beyond = datasets.list_datasets(session, actor=ANNA, page=9, sort="no such column")
    assert [row.name for row in by_name.rows] == ["delta", "gamma 100%"]
    assert by_name.total == 4
    assert [row.name for row in found.rows] == ["gamma 100%"]
    assert len(beyond.rows) == 4


def test_a_name_is_wanted_and_used_once_per_owner() -> None:
    with db.session(db.FILES) as session:
        ref = datasets.create_dataset(session, actor=ANNA, name=" Cohort   A ")
        datasets.create_dataset(session, actor=BEN, name="Cohort A")
        with pytest.raises(Conflict, match="Choose another name"):
            datasets.create_dataset(session, actor=ANNA, name="Cohort A")
        with pytest.raises(Invalid, match="Give the dataset a name"):
            datasets.create_dataset(session, actor=ANNA, name="  ")
        datasets.rename_dataset(session, actor=ANNA, dataset_ref=ref, name="Cohort C")
        assert datasets.dataset_detail(session, actor=ANNA, dataset_ref=ref).row.name == "Cohort C"


def test_another_persons_dataset_and_files_do_not_exist_for_me(tmp_path: Path) -> None:
    with db.session(db.FILES) as session:
        ref = datasets.create_dataset(session, actor=ANNA, name="Cohort A")
        file_ref = put(session, ref, "chr1.vcf.gz", b"one", tmp_path)
        with pytest.raises(NotFound):
            datasets.dataset_detail(session, actor=BEN, dataset_ref=ref)
        with pytest.raises(NotFound):
            datasets.rename_dataset(session, actor=BEN, dataset_ref=ref, name="mine")
        with pytest.raises(NotFound):
            datasets.delete_dataset(session, actor=BEN, dataset_ref=ref)
        with pytest.raises(NotFound):
            files.dataset_inputs(session, actor=BEN, dataset_ref=ref)
        with pytest.raises(NotFound):
            files.file_for_download(session, actor=BEN, file_ref=file_ref)
        with pytest.raises(NotFound):
            files.delete_file(session, actor=BEN, file_ref=file_ref)


def test_an_auditor_sees_a_dataset_and_changes_nothing() -> None:
    auditor = person("otto", "auditor")
    with db.session(db.FILES) as session:
        ref = datasets.create_dataset(session, actor=ANNA, name="Cohort A")
        assert datasets.dataset_detail(session, actor=auditor, dataset_ref=ref).owner_ref == "anna"
        with pytest.raises(NotAllowed):
            datasets.delete_dataset(session, actor=auditor, dataset_ref=ref)


def test_an_administrator_does_not_change_somebody_elses_dataset() -> None:
    with db.session(db.FILES) as session:
        ref = datasets.create_dataset(session, actor=ANNA, name="Cohort A")
        with pytest.raises(NotFound):
            datasets.delete_dataset(session, actor=person("root", "administrator"), dataset_ref=ref)


def test_a_deleted_dataset_is_gone_from_lists_downloads_and_quota(tmp_path: Path) -> None:
    with db.session(db.FILES) as session:
        ref = datasets.create_dataset(session, actor=ANNA, name="Cohort A")
        file_ref = put(session, ref, "chr1.vcf.gz", b"one", tmp_path)
        assert files.room(session, actor=ANNA).used == 3
        datasets.delete_dataset(session, actor=ANNA, dataset_ref=ref)
        assert datasets.list_datasets(session, actor=ANNA).total == 0
        assert files.room(session, actor=ANNA).used == 0
        with pytest.raises(NotFound):
            files.file_for_download(session, actor=ANNA, file_ref=file_ref)
        with pytest.raises(NotFound):
            files.dataset_inputs(session, actor=ANNA, dataset_ref=ref)
        datasets.create_dataset(session, actor=ANNA, name="Cohort A")


def test_a_result_is_registered_once_and_belongs_to_the_jobs_owner(tmp_path: Path) -> None:
    (tmp_path / "out").write_bytes(b"imputed")
    content = store.ingest_path(tmp_path / "out")
    with db.session(db.FILES) as session:
        rows = [
            files.add_result(
                session, owner_ref="anna", job_ref="job1", name="imputed.vcf.gz", content=content
            )
            for _ in range(2)
        ]
        assert rows[0] == rows[1]
        assert [row.name for row in files.job_files(session, actor=ANNA, job_ref="job1")] == [
            "imputed.vcf.gz"
        ]
        assert files.job_files(session, actor=BEN, job_ref="job1") == []
        found = files.file_for_download(session, actor=ANNA, file_ref=rows[0].ref)
        assert found.path.read_bytes() == b"imputed"
    assert found.path.is_relative_to(settings().store_dir)
