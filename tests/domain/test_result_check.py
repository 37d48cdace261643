"""A result counts when it opens: what is cut, altered or something else is found before."""

import gzip
from pathlib import Path

import pysam
import pytest

from app.domain.result_check import damage_of

VCF = b"##fileformat=VCFv4.2\n#CHROM\tPOS\n" + b"20\t1\n" * 50_000


def bgzf(folder: Path) -> bytes:
    path = folder / "whole.vcf.gz"
    with pysam.BGZFile(str(path), "wb") as file:
        file.write(VCF)
    return path.read_bytes()


def damage(folder: Path, content: bytes, name: str) -> str:
    path = folder / "result"
    path.write_bytes(content)
    return damage_of(path, name)


@pytest.mark.parametrize("name", ["imputed.vcf.gz", "IMPUTED.VCF.GZ", "chr20.dose.vcf.bgz"])
def test_a_whole_file_has_no_damage(tmp_path: Path, name: str) -> None:
    assert damage(tmp_path, bgzf(tmp_path), name) == ""
    assert damage(tmp_path, gzip.compress(VCF), name) == ""


def test_what_is_not_compressed_is_taken_as_it_is(tmp_path: Path) -> None:
    assert damage(tmp_path, b"r2\n0.9\n", "quality.tsv") == ""


def test_what_a_service_or_a_disk_may_have_done_to_a_file_is_found(tmp_path: Path) -> None:
    whole, plain = bgzf(tmp_path), gzip.compress(VCF)
    assert damage(tmp_path, whole[:-28], "a.vcf.gz") == "its end is missing"
    assert damage(tmp_path, plain[:-100], "a.vcf.gz") == "its end is missing"
    assert damage(tmp_path, b"", "a.tbi") == "its end is missing"
    assert damage(tmp_path, plain[:-8] + b"flipped!", "a.tsv.gz") == "its checksum is wrong"
    assert damage(tmp_path, VCF, "a.vcf.gz") == "it is not compressed as its name says"
    assert damage(tmp_path, gzip.compress(b"<html>"), "a.vcf.gz").startswith("it is not VCF")
    altered = plain[:20] + bytes(100) + plain[120:]
    assert damage(tmp_path, altered, "a.vcf.gz") != ""


@pytest.mark.parametrize(
    ("content", "name", "found"),
    [
        (b'{"success": false, "message": "too many downloads"}', "qc_report.txt", "too many"),
        (b"\n<!DOCTYPE html><title>502</title>", "qc_report.txt", "web page"),
        (b"<html></html>", "quality-control.html", ""),
        (b'{"success": true}', "chunks.json", ""),
        (b"{ no JSON", "qc_report.txt", ""),
        (b'{"success":' + b"[" * 4000, "qc_report.txt", ""),
        (b"", "qc_report.txt", ""),
    ],
)
def test_an_error_that_was_saved_as_a_file_is_found(
    content: bytes, name: str, found: str, tmp_path: Path
) -> None:
    told = damage(tmp_path, content, name)
    assert found in told
    assert bool(told) == bool(found)
