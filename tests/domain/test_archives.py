"""Archives open as a stream, whole and verified, whatever they hold and however they are named."""

import gzip
import io
import struct
import zipfile
import zlib
from pathlib import Path

import pytest
import pyzipper

from app.domain import archives
from app.domain.archives import Damaged, WrongPassword
from app.domain.errors import Refused
from demo.cloudgene.packing import pack

PASSWORD = "Rightlyguessed1"
VCF = gzip.compress(b"##fileformat=VCFv4.2\n" * 2000, mtime=0)


def plain(folder: Path, *members: tuple[str, bytes]) -> Path:
    """An archive that is not encrypted."""
    path = folder / "plain.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return path


def encrypted(folder: Path, *, aes: bool, content: bytes = VCF) -> Path:
    """An archive as imputation servers pack it."""
    member = folder / "chr20.dose.vcf.gz"
    member.write_bytes(content)
    path = folder / "chr_20.zip"
    pack(path, [member], password=PASSWORD, aes=aes)
    return path


def opened(path: Path, password: str = PASSWORD) -> dict[str, bytes]:
    """The names and contents of an archive's members."""
    found = archives.members(path, password=password, draft=path.with_suffix(".draft"))
    return {member.name: member.path.read_bytes() for member in found}


@pytest.mark.parametrize("aes", [False, True], ids=["ZipCrypto", "AES-256"])
def test_an_encrypted_archive_opens_with_its_password_only(aes: bool, tmp_path: Path) -> None:
    path = encrypted(tmp_path, aes=aes)
    assert opened(path) == {"chr20.dose.vcf.gz": VCF}
    for wrong in ("Wronglyguessed1", ""):
        with pytest.raises(WrongPassword, match="password"):
            opened(path, wrong)


@pytest.mark.parametrize("aes", [False, True], ids=["ZipCrypto", "AES-256"])
def test_an_archive_with_a_flipped_bit_does_not_open(aes: bool, tmp_path: Path) -> None:
    content = bytearray(encrypted(tmp_path, aes=aes, content=zlib.compress(VCF)).read_bytes())
    content[90] ^= 1
    path = tmp_path / "flipped.zip"
    path.write_bytes(content)
    with pytest.raises(Damaged, match=r"checksum|compression|ZIP"):
        opened(path)


def test_an_archive_that_is_cut_anywhere_does_not_open(tmp_path: Path) -> None:
    whole = encrypted(tmp_path, aes=True).read_bytes()
    for length in (0, 3, 40, len(whole) // 2, len(whole) - 30, len(whole) - 1):
        path = tmp_path / "cut.zip"
        path.write_bytes(whole[:length])
        with pytest.raises(Damaged, match=r"end is missing|nothing in it"):
            opened(path)


def test_members_lead_nowhere_and_none_replaces_another(tmp_path: Path) -> None:
    path = plain(
        tmp_path,
        ("../../etc/passwd", b"1"),
        ("/etc/passwd", b"2"),
        ("C:\\temp\\a.txt", b"3"),
        ("logs/", b""),
        ("logs/./deep/a.vcf.gz", b"4"),
        ("..", b"5"),
        ("a\nb", b"6"),
    )
    assert opened(path) == {
        "etc/passwd": b"1",
        "etc/passwd (2)": b"2",
        "temp/a.txt": b"3",
        "logs/deep/a.vcf.gz": b"4",
        "file 6": b"5",
        "a_b": b"6",
    }


def test_an_empty_archive_and_one_of_folders_are_said_to_hold_nothing(tmp_path: Path) -> None:
    for members in ((), (("logs/", b""),)):
        with pytest.raises(Damaged, match="nothing in it"):
            opened(plain(tmp_path, *members))


def test_a_bomb_is_stopped_before_it_fills_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "HARMLESS", 1_000_000)
    with pytest.raises(Damaged, match="far more"):
        opened(plain(tmp_path, ("zeros", bytes(50_000_000))))
    assert [path.name for path in tmp_path.iterdir()] == ["plain.zip"]


def test_an_archive_that_lies_about_a_size_does_not_open(tmp_path: Path) -> None:
    path = plain(tmp_path, ("a.txt", b"x" * 1000))
    content = bytearray(path.read_bytes())
    content[22:26] = struct.pack("<L", 10)
    path.write_bytes(content)
    with pytest.raises(Damaged, match="checksum"):
        opened(path)


def test_what_is_packed_in_an_unknown_way_is_said_so(tmp_path: Path) -> None:
    path = tmp_path / "lzma.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a.txt", b"x")
    with pytest.raises(Damaged, match="cannot read"):
        opened(path)


def test_nothing_is_unpacked_that_the_disk_has_no_room_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = plain(tmp_path, ("a.txt", b"x" * 1000))
    monkeypatch.setattr(archives.store, "free_bytes", lambda: 0)
    with pytest.raises(Refused, match="no room"):
        opened(path)


def test_a_large_archive_of_many_blocks_comes_whole(tmp_path: Path) -> None:
    content = io.BytesIO()
    with pyzipper.AESZipFile(content, "w", encryption=pyzipper.WZ_AES) as archive:
        archive.setpassword(PASSWORD.encode())
        archive.writestr("a", bytes(range(256)) * 10_000)
        archive.writestr("b", b"")
    path = tmp_path / "two.zip"
    path.write_bytes(content.getvalue())
    assert opened(path) == {"a": bytes(range(256)) * 10_000, "b": b""}


def test_lists_of_checksums_are_read_as_md5sum_writes_them() -> None:
    text = f"{'a' * 32}  chr_20.zip\n{'B' * 32} *folder/chr_21.zip\r\nno sum here\n"
    assert archives.stated_sums(text) == {"chr_20.zip": "a" * 32, "chr_21.zip": "b" * 32}
