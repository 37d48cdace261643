"""A Cloudgene server, from its address to decrypted results, as three people see it.

The server is the simulator of `demo/cloudgene`: no real one can be had for tests.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pysam
import pytest
from playwright.sync_api import expect

from demo import dataset
from tests.support import cloudgene
from tests.support.axe import faults
from tests.support.cloudgene import Cloudgene
from tests.support.cloudgene_client import submitted
from tests.support.filling import somebody
from tests.support.journey import field, make_dataset, path_of, row, sees_nothing_of_it, title
from tests.support.people import sign_in
from tests.support.visitor import Meet, Platform, Visitor

CHROMOSOMES = ("chr20", "chr21", "chr22")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Cloudgene]:
    """A simulator that works on one job at a time, so that a second one queues."""
    with cloudgene.running(tmp_path / "cloudgene", jobs_at_once=1) as running:
        yield running


def test_from_a_token_to_decrypted_results_that_nobody_else_sees(
    platform: Platform, meet: Meet, server: Cloudgene, tmp_path: Path
) -> None:
    _, cookies = sign_in("ada", "administrator")
    ada = meet(cookies)
    add_service(ada, server.url)
    sync_panels(ada, server.token_for("lab"))

    _, cookies = somebody("rosa")
    rosa = meet(cookies)
    token = server.token_for("rosa")
    save_token(rosa, token)
    dataset_path = make_dataset(rosa, "Three chromosomes", cloudgene.chromosome_files())
    unblock = block_the_server(server)
    job_path = submit(rosa)
    watch(rosa, server, unblock)
    result = download(rosa, tmp_path)
    assert token not in rosa.page.content()

    _, cookies = somebody("eve")
    eve = meet(cookies)
    everything = f"/api{job_path}/results.zip"
    sees_nothing_of_it(eve, job_path, dataset_path, [result, everything])


def add_service(ada: Visitor, url: str) -> None:
    """Test the address and save it, as of the protocol that is chosen."""
    ada.open("/admin/services/new")
    ada.page.get_by_role("combobox", name="What it speaks").click()
    ada.page.get_by_role("option", name="Cloudgene").click()
    ada.page.get_by_label("Address of the service's API").fill(url)
    ada.page.get_by_role("button", name="Test the connection").click()
    expect(row(ada.page, "Valid answer")).to_contain_text("Passed")
    field(ada.page, "Name").fill("Simulated server")
    field(ada.page, "A simulation").check()
    field(ada.page, "Jobs at a time").fill("2")
    ada.page.get_by_role("button", name="Save the service").click()
    expect(title(ada.page)).to_have_text("Simulated server")


def sync_panels(ada: Visitor, token: str) -> None:
    """Give the lab's token, look what the service offers, and take it over."""
    store_token(ada, token)
    expect(ada.page.get_by_text("Accepted", exact=True)).to_be_visible()
    ada.page.get_by_role("button", name="Preview the panels").click()
    expect(ada.page.get_by_role("heading", name="New")).to_be_visible()
    assert faults(ada.page) == ""
    ada.page.get_by_role("button", name="Apply what is ticked").click()
    expect(ada.page.get_by_role("status").filter(has_text="added")).to_be_visible()


def save_token(rosa: Visitor, token: str) -> None:
    """Store an own token, and see what the service says of it."""
    rosa.open("/services")
    rosa.page.get_by_role("link", name="Simulated server").first.click()
    expect(title(rosa.page)).to_have_text("Simulated server")
    store_token(rosa, token)
    expect(rosa.page.get_by_text("as rosa")).to_be_visible()


def store_token(person: Visitor, token: str) -> None:
    form = person.page.locator(
        "form", has=person.page.get_by_role("button", name="Store the token")
    )
    form.get_by_label("Token").fill(token)
    form.get_by_role("button", name="Store the token").click()


def block_the_server(server: Cloudgene) -> Callable[[], None]:
    """Let somebody else's job occupy the server; what is returned takes that one away.

    No job gets further than its imputation before `hold_at` is switched off.
    """
    server.fault("hold_at", "imputation")
    other = server.client(server.token_for("other"))
    job_id = submitted(other, cloudgene.small_files(), **cloudgene.form())
    return lambda: other.get(f"/api/v2/jobs/{job_id}/cancel").raise_for_status().close()


def submit(rosa: Visitor) -> str:
    rosa.page.get_by_role("link", name="Submit").last.click()
    rosa.page.get_by_role("checkbox", name="Three chromosomes (hg38)").check()
    rosa.page.get_by_role("button", name="Continue").click()
    rosa.page.get_by_role("combobox", name="Allele Frequency Check").click()
    rosa.page.get_by_role("option").first.click()
    rosa.page.get_by_role("button", name="Continue").click()
    agree = rosa.page.get_by_role("checkbox", name="I have read and accept the terms")
    expect(agree.first).to_be_visible()
    assert faults(rosa.page) == ""
    for box in agree.all():
        box.check()
    rosa.page.get_by_role("main").get_by_role("button", name="Submit", exact=True).click()
    rosa.page.wait_for_url("**/jobs/*")
    return path_of(rosa.page)


def watch(rosa: Visitor, server: Cloudgene, unblock: Callable[[], None]) -> None:
    """See the queue, the stages and the end without a reload, which would forget the mark."""
    rosa.page.evaluate("window.loadedOnce = true")
    main = rosa.page.get_by_role("main")
    stages = main.get_by_role("list", name="Stages there").locator("> li")
    expect(main.get_by_text("in the queue")).to_be_visible()
    assert faults(rosa.page) == ""
    unblock()
    expect(stages.filter(has_text="Quality Control").first).to_contain_text("Done")
    expect(stages.filter(has_text="Running").first).to_contain_text("Imputation")
    assert faults(rosa.page) == ""
    server.heal("hold_at")
    expect(main.get_by_text("Unpacked, see below").filter(visible=True).first).to_be_visible(
        timeout=120_000
    )
    expect(main.get_by_text("Completed").first).to_be_visible()
    expect(stages.filter(has_text="Running")).to_have_count(0)
    assert rosa.page.evaluate("window.loadedOnce")
    assert faults(rosa.page) == ""


def download(rosa: Visitor, folder: Path) -> str:
    """Download each chromosome's genotypes, read them, and return the last one's path."""
    for chromosome in CHROMOSOMES:
        name = f"{chromosome}.dose.vcf.gz"
        link = rosa.page.locator(f"a[aria-label$='{name}']")
        with rosa.page.expect_download() as begun:
            link.click()
        begun.value.save_as(folder / name)
        with pysam.VariantFile(str(folder / name)) as imputed:
            assert len(imputed.header.samples) == dataset.SAMPLES
            assert {record.chrom for record in imputed} == {chromosome}
    return str(link.get_attribute("href"))
