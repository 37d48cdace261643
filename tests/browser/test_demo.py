"""`scripts/run --demo` brings a newcomer, in a few clicks, to a file that was imputed."""

import re
from pathlib import Path

import pysam
from playwright.sync_api import Browser, expect

from demo import dataset
from tests.support.launcher import running
from tests.support.visitor import Visitor, arrive


def test_a_newcomer_reaches_an_imputed_file_with_what_the_terminal_says(
    browser: Browser, tmp_path: Path
) -> None:
    with running(tmp_path, "--demo") as demonstration:
        newcomer = arrive(browser, demonstration.url)
        sign_in(newcomer, demonstration.output)
        submit(newcomer)
        expect(newcomer.page.get_by_role("main")).to_contain_text(
            "Stored and verified", timeout=120_000
        )
        with newcomer.page.expect_download() as download:
            newcomer.page.get_by_role("link", name="Download imputed.vcf.gz", exact=True).click()
        imputed = tmp_path / "imputed.vcf.gz"
        download.value.save_as(imputed)
        newcomer.leave(traces=None)
        assert not newcomer.problems
    with pysam.VariantFile(str(imputed)) as records:
        assert sum(1 for _ in records) == dataset.simulate().panel.positions.size


def sign_in(newcomer: Visitor, said: str) -> None:
    """Type what the terminal shows."""
    found = re.search(r"(http\S+/sign-in) with\s+e-mail +(\S+)\s+password +(\S+)", said)
    assert found, said
    newcomer.page.goto(found[1])
    newcomer.page.get_by_label("E-mail address").fill(found[2])
    newcomer.page.get_by_label("Password").fill(found[3])
    newcomer.page.get_by_role("button", name="Sign in").click()
    expect(newcomer.page.get_by_role("heading", level=1)).to_be_visible()


def submit(newcomer: Visitor) -> None:
    """Send the demo dataset to the simulated panel."""
    newcomer.follow("Datasets")
    newcomer.page.get_by_role("link", name="Demo genotypes").first.click()
    expect(newcomer.page.get_by_role("heading", level=1)).to_have_text("Demo genotypes")
    newcomer.page.get_by_role("link", name="Submit").last.click()
    newcomer.page.get_by_role("checkbox", name="Simulated panel").check()
    newcomer.page.get_by_role("button", name="Continue").click()
    expect(newcomer.page.get_by_label("Smallest estimated R2")).to_be_visible()
    newcomer.page.get_by_role("button", name="Continue").click()
    newcomer.page.get_by_role("main").get_by_role("button", name="Submit", exact=True).click()
    newcomer.page.wait_for_url("**/jobs/*")
