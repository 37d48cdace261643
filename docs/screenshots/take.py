"""Take the README's pictures: `.venv/bin/python -m docs.screenshots.take`.

Starts the demonstration with two more simulated services, of which one goes away, submits some
jobs, and looks at the pages with Debian's Chromium. Takes two minutes.
"""

import re
import shutil
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Page, expect, sync_playwright

from tests.support.demo_service import demo_service
from tests.support.launcher import running

FOLDER = Path(__file__).parent
SIZE = {"width": 1440, "height": 900}
PATIENCE_MS = 60_000
# So that the strips of latest checks fill while the jobs run.
QUICK = {"FGIP_PROBE_INTERVAL_SECONDS": "4", "FGIP_POLL_INTERVAL_SECONDS": "2"}

NODES = (("Demo node West", "Dakar", "SN"), ("Demo node East", "Nairobi", "KE"))
# The panel of the demonstration's own WES service; the two nodes have one of the same name.
OWN_PANEL = re.compile("Simulated panel.*Demo imputation")
# A submission's name, and what is changed in the form.
SUBMISSIONS = (
    ("Cohort A, all samples", {}),
    ("Cohort A, strict model", {"Mismatch rate": "0.001"}),
    ("Case-control study", {"Fail on purpose": "on"}),
    ("Replication", {"Seconds to wait": "900"}),
)


def sign_in(page: Page, said: str) -> None:
    """Sign in as the demo account, as the terminal says how."""
    page.goto("/sign-in")
    for label, word in (("E-mail address", "e-mail"), ("Password", "password")):
        found = re.search(rf"^ +{word} +(\S+)$", said, re.MULTILINE)
        assert found, f"the terminal names no {word}"
        page.get_by_label(label).fill(found[1])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def add_service(page: Page, name: str, place: str, country: str, url: str) -> None:
    """Add a simulated service with a panel."""
    page.goto("/admin/services/new")
    page.get_by_label("Address of the service's API").fill(url)
    page.get_by_role("button", name="Test the connection").click()
    expect(page.get_by_role("row", name="Valid answer")).to_contain_text("Passed")
    page.get_by_label(re.compile("^Name")).fill(name)
    page.get_by_label(re.compile("^Location")).fill(place)
    page.get_by_label(re.compile("^Country")).fill(country)
    page.get_by_label("A simulation").check()
    page.get_by_role("button", name="Save the service").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)

    page.goto("/admin/panels/new")
    page.get_by_role("combobox", name="Service", exact=True).click()
    page.get_by_role("option", name=name).click()
    page.get_by_label("Id at the service").fill("simulated")
    page.get_by_label(re.compile("^Name")).fill("Simulated panel")
    page.get_by_label("Genome build").fill("GRCh38")
    page.get_by_label("Samples").fill("100")
    page.get_by_role("combobox", name="Start from").click()
    page.get_by_role("option", name="The demo service's simulation").click()
    expect(page.get_by_text("The recipe is valid.")).to_be_visible()
    page.get_by_role("button", name="Save the panel").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Simulated panel")


def submit(page: Page, name: str, changes: dict[str, str]) -> None:
    """Submit the demo dataset to the demonstration's own panel."""
    choose_dataset(page, "Demo genotypes")
    page.get_by_role("checkbox", name=OWN_PANEL).check()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_label("Mismatch rate")).to_be_visible()
    for label, value in changes.items():
        if value == "on":
            page.get_by_label(label).check()
        else:
            page.get_by_label(label).fill(value)
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Name of the submission").fill(name)
    page.get_by_role("main").get_by_role("button", name="Submit", exact=True).click()
    page.wait_for_url("**/jobs/*")


def submit_chromosomes(page: Page) -> None:
    """Submit three chromosomes to the simulated Cloudgene server, and accept its terms."""
    choose_dataset(page, "Three chromosomes")
    page.get_by_role("checkbox", name="Three chromosomes (hg38)").check()
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("combobox", name="Allele Frequency Check").click()
    page.get_by_role("option").first.click()
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("checkbox", name="I have read and accept").check()
    page.get_by_role("main").get_by_role("button", name="Submit", exact=True).click()
    page.wait_for_url("**/jobs/*")


def choose_dataset(page: Page, name: str) -> None:
    """Begin a submission, as far as the choice of panels."""
    page.goto("/submit")
    page.get_by_role("radio", name=name).check()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Which panels?")).to_be_visible()


def take(page: Page, name: str) -> None:
    """Keep a picture of what is to be seen."""
    page.mouse.move(0, 0)
    page.screenshot(path=FOLDER / f"{name}.png")


def take_all(page: Page) -> None:
    """Go through the pages that the README shows."""
    page.goto("/jobs")
    page.get_by_role("main").get_by_role("link", name="Three chromosomes").click()
    expect(page.get_by_text("results fetched and verified").first).to_be_visible()
    take(page, "job")
    page.emulate_media(color_scheme="dark")
    take(page, "job-dark")
    page.emulate_media(color_scheme="light")
    choose_dataset(page, "Demo genotypes")
    for choice in (page.get_by_role("checkbox", name=OWN_PANEL), page.get_by_role("checkbox").last):
        choice.check()
    take(page, "submit")
    page.goto("/services")
    expect(page.get_by_role("row", name=NODES[1][0])).to_contain_text("Down")
    take(page, "services")
    page.goto("/")
    expect(page.get_by_role("heading", name="Latest jobs")).to_be_visible()
    take(page, "overview")


def main() -> None:
    """Start, fill, look."""
    with ExitStack() as undo:
        folder = Path(undo.enter_context(TemporaryDirectory()))
        platform = undo.enter_context(running(folder, "--demo", environment=QUICK))
        browser = undo.enter_context(sync_playwright()).chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(base_url=platform.url, viewport=SIZE, reduced_motion="reduce")
        page.set_default_timeout(PATIENCE_MS)
        expect.set_options(timeout=PATIENCE_MS)
        sign_in(page, platform.output)
        folders = [Path(undo.enter_context(TemporaryDirectory())) for _ in NODES]
        west = undo.enter_context(demo_service(folders[0]))
        add_service(page, *NODES[0], west.base_url)
        with demo_service(folders[1]) as east:
            add_service(page, *NODES[1], east.base_url)
            for name, changes in SUBMISSIONS:
                submit(page, name, changes)
            submit_chromosomes(page)
        take_all(page)


if __name__ == "__main__":
    main()
