"""The worker reads new files, finishes what a crash left, and removes what nobody needs."""

import asyncio
import gzip
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pysam
import pytest
from sqlmodel import select

from app.config import settings
from app.domain import datasets, files, store, storing, uploads
from app.domain.access import ROLES, Actor
from app.domain.datasets import DatasetDetail
from models import db
from models.base import now
from models.files import Dataset, FileMetadata, StoredFile, Upload
from workers import files as worker

ANNA = Actor("anna", "Anna", "anna@lab.example", ROLES["researcher"])
REAL = Path(__file__).parents[3] / "shared/data"
LONG_AGO = 1_000_000_000

HEADER = "##fileformat=VCFv4.2\n##contig=<ID=chr20,length=64444167>\n" + (
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
)
COLUMNS = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tA\tB\n"
RECORDS = [f"chr20\t{position}\t.\tA\tC\t.\t.\t.\tGT\t0|1\t1|1\n" for position in (5, 9, 9, 70)]
GOOD = HEADER + COLUMNS + "".join(RECORDS)


@pytest.fixture(autouse=True)
def private_data(
    databases: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    monkeypatch.setattr(settings(), "data_dir", tmp_path / "data")
    yield


def bgzf(text: str, folder: Path) -> bytes:
    (folder / "plain").write_text(text)
    pysam.tabix_compress(str(folder / "plain"), str(folder / "packed"), force=True)
    return (folder / "packed").read_bytes()


def add(content: bytes, name: str, tmp_path: Path, dataset: str = "Cohort A") -> str:
    """Put a file into a dataset as an upload does; return the dataset's ref."""
    (tmp_path / "incoming").write_bytes(content)
    with db.session(db.FILES) as session:
        ref = datasets.create_dataset(session, actor=ANNA, name=dataset)
        file = files.add_file(
            session,
            kind=files.INPUT,
            owner_ref=ANNA.user_ref,
            name=name,
            content=store.ingest_path(tmp_path / "incoming"),
            dataset_id=session.exec(select(Dataset.id).where(Dataset.ref == ref)).one(),
        )
        session.add(FileMetadata(file_id=file.id or 0))
    return ref


def detail(ref: str) -> DatasetDetail:
    with db.session(db.FILES) as session:
        return datasets.dataset_detail(session, actor=ANNA, dataset_ref=ref)


def read(content: bytes, name: str, tmp_path: Path) -> DatasetDetail:
    ref = add(content, name, tmp_path)
    asyncio.run(worker.read_new_files())
    return detail(ref)


def test_a_phased_file_is_read_and_its_dataset_becomes_ready(tmp_path: Path) -> None:
    dataset = read(bgzf(GOOD, tmp_path), "chr20.vcf.gz", tmp_path)
    [file] = dataset.files
    assert file.state == "read"
    assert (file.facts["samples"], file.facts["variants"]) == (2, 4)
    assert (file.facts["chromosomes"], file.facts["phased"]) == (["chr20"], True)
    assert (dataset.row.state, dataset.row.build, dataset.row.samples) == ("ready", "GRCh38", 2)


def test_one_unphased_genotype_is_found_and_a_missing_one_is_not_mistaken_for_it(
    tmp_path: Path,
) -> None:
    missing = GOOD.replace("0|1", "./.", 1)
    assert read(bgzf(missing, tmp_path), "a.vcf.gz", tmp_path).files[0].facts["phased"] is True


def test_an_unphased_file_names_the_first_place(tmp_path: Path) -> None:
    unphased = HEADER + COLUMNS + RECORDS[0] + RECORDS[3].replace("1|1", "1/1")
    facts = read(bgzf(unphased, tmp_path), "a.vcf.gz", tmp_path).files[0].facts
    assert (facts["phased"], facts["first_unphased"]) == (False, "chr20:70")


def test_bcf_and_plain_vcf_are_read_too(tmp_path: Path) -> None:
    (tmp_path / "in.vcf").write_text(GOOD)
    with (
        pysam.VariantFile(str(tmp_path / "in.vcf")) as source,
        pysam.VariantFile(str(tmp_path / "out.bcf"), "wb", header=source.header) as target,
    ):
        for record in source:
            target.write(record)
    add((tmp_path / "out.bcf").read_bytes(), "a.bcf", tmp_path, "one")
    ref = add(GOOD.encode(), "a.vcf", tmp_path, "two")
    asyncio.run(worker.read_new_files())
    assert detail(ref).row.state == "ready"
    with db.session(db.FILES) as session:
        found = session.exec(select(FileMetadata)).all()
    assert [(row.facts["format"], row.facts["variants"]) for row in found] == [
        ("BCF", 4),
        ("VCF", 4),
    ]


@pytest.mark.parametrize(
    ("name", "make", "words"),
    [
        ("a.vcf.gz", lambda folder: b"", "empty"),
        ("a.vcf.gz", lambda folder: GOOD.encode(), "bgzip a.vcf"),
        ("a.vcf.gz", lambda folder: gzip.compress(GOOD.encode()), "not with bgzip"),
        ("a.vcf.gz", lambda folder: b"PK\x03\x04 a zip archive", "not a VCF"),
        ("a.vcf.gz", lambda folder: bgzf(GOOD, folder)[:-28], "cut off"),
        ("a.vcf.gz", lambda folder: bgzf(HEADER, folder), "#CHROM"),
        ("a.vcf.gz", lambda folder: bgzf(HEADER + COLUMNS, folder), "no variants"),
        (
            "a.vcf.gz",
            lambda folder: bgzf(
                GOOD.replace("\tFORMAT\tA\tB", "").replace("\tGT\t0|1\t1|1", ""), folder
            ),
            "no samples",
        ),
        (
            "a.vcf.gz",
            lambda folder: bgzf(HEADER + COLUMNS + RECORDS[3] + RECORDS[0], folder),
            "chr20:5 comes after chr20:70. Run “bcftools sort",
        ),
        ("a.vcf.gz", lambda folder: bgzf(GOOD + "chr20\tten\t.\tA\n", folder), "first 4 cannot"),
    ],
)
def test_an_unreadable_file_says_why_and_what_to_do(
    tmp_path: Path, name: str, make: object, words: str
) -> None:
    dataset = read(make(tmp_path), name, tmp_path)  # type: ignore[operator]
    [file] = dataset.files
    assert file.state == "unreadable"
    assert words in file.error_message
    assert dataset.row.state == "unreadable"


@pytest.mark.skipif(not REAL.exists(), reason="the real genotypes are not on this machine")
@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("bad/header-only.vcf.gz", "no variants"),
        ("bad/unsorted.vcf.gz", "20:63041 comes after 20:68749"),
        ("bad/wrong-chromosomes.vcf.gz", "not with bgzip"),
    ],
)
def test_real_bad_files_are_explained(tmp_path: Path, path: str, words: str) -> None:
    [file] = read((REAL / path).read_bytes(), Path(path).name, tmp_path).files
    assert words in file.error_message


@pytest.mark.skipif(not REAL.exists(), reason="the real genotypes are not on this machine")
def test_real_genotypes_are_read(tmp_path: Path) -> None:
    name = "chr20-phased.hg19.51x7824.vcf.gz"
    facts = read((REAL / "input" / name).read_bytes(), name, tmp_path).files[0].facts
    assert (facts["samples"], facts["variants"], facts["chromosomes"]) == (51, 7824, ["20"])
    assert facts["phased"] is True


def test_a_file_whose_reader_died_is_read_again(tmp_path: Path) -> None:
    ref = add(bgzf(GOOD, tmp_path), "a.vcf.gz", tmp_path)
    with db.session(db.FILES) as session:
        metadata = session.exec(select(FileMetadata)).one()
        metadata.state, metadata.read_at = "reading", now() - timedelta(hours=2)
        session.add(metadata)
    asyncio.run(worker.read_new_files())
    assert detail(ref).row.state == "ready"


def receive(content: bytes, tus_id: str = "ab12") -> str:
    """Leave an upload as the web process does when it dies after the last byte."""
    with db.session(db.FILES) as session:
        ref = datasets.create_dataset(session, actor=ANNA, name="Cohort A")
        uploads.begin_upload(
            session, actor=ANNA, dataset_ref=ref, name="a.vcf", size=len(content), tus_id=tus_id
        )
        storing.mark_complete(session, tus_id=tus_id)
    path = uploads.data_path(ANNA.user_ref, tus_id)
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return ref


def test_a_complete_upload_that_was_not_stored_is_stored_by_the_worker() -> None:
    ref = receive(b"genotypes")
    asyncio.run(worker.store_uploads())
    [file] = detail(ref).files
    assert store.path_of(file.sha256).read_bytes() == b"genotypes"


def test_a_crash_between_the_store_and_the_database_loses_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ref = receive(b"genotypes")

    def crash(*_: object) -> bool:
        raise OSError("the power went")

    with monkeypatch.context() as broken, pytest.raises(OSError, match="the power went"):
        broken.setattr(storing, "_finish", crash)
        storing.store_received("ab12")
    assert detail(ref).files == []
    asyncio.run(worker.store_uploads())
    assert [file.name for file in detail(ref).files] == ["a.vcf"]


def test_an_upload_that_arrived_short_fails_with_a_reason() -> None:
    ref = receive(b"genotypes")
    uploads.data_path(ANNA.user_ref, "ab12").write_bytes(b"geno")
    asyncio.run(worker.store_uploads())
    assert [upload.error_message for upload in detail(ref).uploads] == [
        "The file arrived incomplete. Upload it again."
    ]


def test_an_unfinished_upload_expires_and_frees_its_room() -> None:
    with db.session(db.FILES) as session:
        ref = datasets.create_dataset(session, actor=ANNA, name="Cohort A")
        uploads.begin_upload(
            session, actor=ANNA, dataset_ref=ref, name="a.vcf", size=9, tus_id="ab12"
        )
        upload = session.exec(select(Upload)).one()
        upload.created_at = now() - timedelta(days=settings().upload_days, hours=1)
    path = uploads.data_path(ANNA.user_ref, "ab12")
    path.parent.mkdir(parents=True)
    for left in (path, path.with_suffix(".info")):
        left.write_bytes(b"geno")
        os.utime(left, (LONG_AGO, LONG_AGO))
    asyncio.run(worker.sweep_uploads())
    assert detail(ref).uploads == []
    assert list(path.parent.iterdir()) == []
    with db.session(db.FILES) as session:
        assert files.room(session, actor=ANNA).reserved == 0


def test_content_goes_when_its_last_file_is_deleted_and_not_before(tmp_path: Path) -> None:
    first = add(b"genotypes", "a.vcf", tmp_path, "one")
    second = add(b"genotypes", "b.vcf", tmp_path, "two")
    with db.session(db.FILES) as session:
        path = store.path_of(session.exec(select(StoredFile.sha256)).first() or "")
    for ref, remains in ((first, True), (second, False)):
        with db.session(db.FILES) as session:
            datasets.delete_dataset(session, actor=ANNA, dataset_ref=ref)
        os.utime(path, (LONG_AGO, LONG_AGO))
        asyncio.run(worker.sweep_uploads())
        assert path.exists() is remains


def test_an_abandoned_partial_result_is_removed_and_one_in_use_stays() -> None:
    old, young = store.partial_dir() / "old", store.partial_dir() / "young"
    for path in (old, young):
        path.write_bytes(b"part")
    os.utime(old, (LONG_AGO, LONG_AGO))
    asyncio.run(worker.sweep_uploads())
    assert (old.exists(), young.exists()) == (False, True)
