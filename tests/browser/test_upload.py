"""What a researcher sees while genotypes are uploaded."""

import hashlib
import random
import re
from pathlib import Path

import pysam
import pytest
from playwright.sync_api import Page, expect
from sqlmodel import select

from app.domain import datasets
from models import db
from models.base import new_ref
from models.files import Dataset, Upload
from tests.support.filling import somebody
from tests.support.visitor import Meet, Platform, Visitor

MIB = 1024 * 1024
SIZE = 48 * MIB
SLOW = {
    "offline": False,
    "latency": 0,
    "downloadThroughput": -1,
    "uploadThroughput": 6 * MIB,
}


@pytest.fixture
def rosa(meet: Meet, platform: Platform) -> Visitor:
    """A researcher on the page of an empty dataset."""
    name = f"rosa{new_ref()[:6]}"
    actor, cookies = somebody(name)
    with db.session(db.FILES) as session:
        dataset = datasets.create_dataset(session, actor=actor, name="Cohort A")
    visitor = meet(cookies)
    visitor.page.on("dialog", lambda dialog: dialog.accept())
    visitor.open(f"/datasets/{dataset}")
    return visitor


@pytest.fixture
def page(rosa: Visitor) -> Page:
    return rosa.page


def choose(page: Page, *paths: Path) -> None:
    page.get_by_label("Add files of genotypes").set_input_files([str(path) for path in paths])


def slow_down(page: Page) -> None:
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", SLOW)


def uploads_on(page: Page) -> list[str]:
    """The states of the uploads of the dataset on the page."""
    of_dataset = select(Upload.state).join(Dataset)
    with db.session(db.FILES) as session:
        ref = page.url.rstrip("/").rpartition("/")[2]
        return list(session.exec(of_dataset.where(Dataset.ref == ref)))


def genotypes(folder: Path) -> Path:
    header = "##fileformat=VCFv4.2\n##contig=<ID=20,length=64444167>\n"
    header += '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
    header += "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tA\tB\n"
    (folder / "plain").write_text(header + "20\t5\t.\tA\tC\t.\t.\t.\tGT\t0|1\t1|1\n")
    pysam.tabix_compress(str(folder / "plain"), str(folder / "chr20.vcf.gz"))
    return folder / "chr20.vcf.gz"


def test_uploaded_genotypes_are_read_and_shown_without_a_reload(page: Page, tmp_path: Path) -> None:
    choose(page, genotypes(tmp_path))
    row = page.get_by_role("row", name=re.compile("chr20.vcf.gz"))
    expect(row.get_by_text("Readable")).to_be_visible(timeout=30_000)
    expect(row.get_by_text("Phased")).to_be_visible()
    submit = page.get_by_role("main").get_by_role("link", name="Submit")
    expect(submit).to_have_attribute("href", re.compile(r"/submit\?dataset=[0-9a-f]{20}$"))


def test_a_refused_file_says_why(rosa: Visitor, page: Page, tmp_path: Path) -> None:
    rosa.expected.append("415")
    (tmp_path / "notes.txt").write_text("not genotypes")
    choose(page, tmp_path / "notes.txt")
    expect(page.locator(".field-problem")).to_contain_text("Upload .vcf.gz, .bcf, .vcf")
    expect(page.get_by_role("status").filter(has_text="notes.txt")).to_have_count(1)


def test_an_upload_goes_on_after_a_reload_when_the_same_file_is_chosen_again(
    page: Page, tmp_path: Path
) -> None:
    content = random.Random(7).randbytes(MIB) * (SIZE // MIB)
    (tmp_path / "chr1.vcf").write_bytes(content)
    slow_down(page)
    choose(page, tmp_path / "chr1.vcf")
    expect(page.get_by_text(re.compile(r"^[3-9]\.0 MiB of 48\.0 MiB"))).to_be_visible(
        timeout=30_000
    )
    page.reload()
    expect(page.get_by_text("Not finished.")).to_be_visible()
    offsets: list[int] = []
    page.on(
        "request",
        lambda sent: sent.method == "PATCH" and offsets.append(int(sent.headers["upload-offset"])),
    )
    choose(page, tmp_path / "chr1.vcf")
    sha256 = hashlib.sha256(content).hexdigest()
    row = page.get_by_role("row", name=re.compile("chr1.vcf"))
    expect(row).to_contain_text(sha256, timeout=60_000)
    assert offsets[0] >= 3 * MIB
    assert len(uploads_on(page)) == 1


def test_an_upload_is_paused_resumed_and_cancelled(page: Page, tmp_path: Path) -> None:
    (tmp_path / "chr1.vcf").write_bytes(b"\0" * SIZE)
    slow_down(page)
    choose(page, tmp_path / "chr1.vcf")
    expect(page.get_by_text(re.compile(r"^[1-9]\.0 MiB of 48\.0 MiB"))).to_be_visible(
        timeout=30_000
    )
    page.get_by_role("button", name="Pause chr1.vcf").click()
    expect(page.get_by_text("Paused", exact=True)).to_be_visible()
    page.get_by_role("button", name="Resume chr1.vcf").click()
    expect(page.get_by_text("Uploading", exact=True).last).to_be_visible()
    page.get_by_role("button", name="Cancel chr1.vcf").click()
    expect(page.locator(".upload-row")).to_have_count(0)
    expect(page.get_by_text("Not finished.")).to_have_count(0)
    assert uploads_on(page) == []
