"""The content store keeps every content once, whole, private, and under its own SHA-256."""

import hashlib
import os
import stat
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from app.config import settings
from app.domain import store, sweeping


@pytest.fixture(autouse=True)
def private_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings(), "data_dir", tmp_path / "data")


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


@given(content=st.binary(max_size=4096))
@hypothesis_settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_content_comes_back_by_its_sha256(tmp_path: Path, content: bytes) -> None:
    stored = store.ingest_path(write(tmp_path / "file", content))
    assert stored.sha256 == hashlib.sha256(content).hexdigest()
    assert stored.path.read_bytes() == content
    assert stored.size == len(content)


def test_the_same_content_is_kept_once(tmp_path: Path) -> None:
    first = store.ingest_path(write(tmp_path / "a", b"genotypes"))
    second = store.ingest_path(write(tmp_path / "b", b"genotypes"))
    assert first == second
    assert list(store.names()) == [first.sha256]


def test_a_file_that_belongs_to_somebody_else_is_copied_and_not_shared(tmp_path: Path) -> None:
    theirs = write(tmp_path / "theirs.vcf.gz", b"genotypes")
    stored = store.ingest_path(theirs)
    theirs.write_bytes(b"changed!!")
    assert stored.path.read_bytes() == b"genotypes"


def test_a_file_of_ours_is_moved_so_that_nothing_is_left_behind(tmp_path: Path) -> None:
    ours = write(tmp_path / "fetched", b"genotypes")
    assert store.ingest_path(ours, move=True).path.read_bytes() == b"genotypes"
    assert not ours.exists()


def test_folders_and_files_are_private(tmp_path: Path) -> None:
    stored = store.ingest_path(write(tmp_path / "a", b"genotypes"))
    for folder in (stored.path.parent, settings().store_dir, store.partial_dir()):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(stored.path.stat().st_mode) == 0o600


def test_a_crash_before_the_rename_leaves_nothing_visible(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(self: Path, target: Path) -> Path:
        raise OSError("the power went")

    source = write(tmp_path / "a", b"genotypes")
    with monkeypatch.context() as broken, pytest.raises(OSError, match="the power went"):
        broken.setattr(Path, "rename", crash)
        store.ingest_path(source)
    assert list(store.names()) == []
    assert store.ingest_path(source).path.read_bytes() == b"genotypes"


def test_a_name_that_is_no_sha256_never_becomes_a_path() -> None:
    for name in ("../../etc/passwd", "A" * 64, "", "ab"):
        with pytest.raises(ValueError, match="SHA-256"):
            store.path_of(name)


def test_content_that_was_just_stored_again_is_not_removed(tmp_path: Path) -> None:
    stored = store.ingest_path(write(tmp_path / "a", b"genotypes"))
    os.utime(stored.path, (0, 0))
    store.ingest_path(write(tmp_path / "b", b"genotypes"))
    assert not store.remove(stored.sha256, unless_newer_than=3600)
    os.utime(stored.path, (0, 0))
    assert store.remove(stored.sha256, unless_newer_than=3600)
    assert not stored.path.exists()


def test_results_that_came_whole_are_not_swept_as_early_as_parts_of_them() -> None:
    folder = store.partial_dir()
    old = 10 * sweeping.DAY
    for name in ("job.1", "job.2.whole"):
        (folder / name).write_bytes(b"x")
        os.utime(folder / name, (time.time() - old, time.time() - old))
    sweeping.remove_partials()
    assert [path.name for path in folder.iterdir()] == ["job.2.whole"]
    (folder / "job.2.whole").unlink()
