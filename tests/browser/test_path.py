"""The whole path, from an empty platform to an imputed file, as three people go it."""

from pathlib import Path

import pysam
from playwright.sync_api import expect

from demo import dataset
from tests.support.filling import somebody
from tests.support.journey import field, make_dataset, path_of, row, sees_nothing_of_it, title
from tests.support.peers import Peer
from tests.support.processes import ROOT
from tests.support.visitor import Meet, Platform, Visitor

PASSWORD = "three quiet imputation panels"
RECIPE = ROOT / "demo" / "recipe.json"


def test_from_an_empty_platform_to_an_imputed_file(
    platform: Platform, meet: Meet, demo: Peer, tmp_path: Path
) -> None:
    ada = meet()
    become_first_administrator(ada, platform.setup_link)
    link = add_researcher(ada, "Rosa", "rosa@lab.example")
    add_service(ada, "Demo", demo.base_url)
    add_panel(ada, "Simulated panel", RECIPE.read_text())

    dataset.write(tmp_path)
    rosa = meet()
    choose_password(rosa, link)
    sign_out_and_in(rosa, "rosa@lab.example")
    file = tmp_path / "demo.vcf.gz"
    dataset_path = make_dataset(rosa, "Cohort", [file])
    expect(row(rosa.page, file.name)).to_contain_text("Phased")
    job_path = submit_twice_at_once(rosa, "Simulated panel")
    watch_until_completed(rosa)
    result_path = check_download(rosa, "imputed.vcf.gz", tmp_path)
    rosa.follow("Jobs")
    expect(rosa.page.get_by_role("rowheader").filter(has_text="Cohort")).to_have_count(1)
    expect(rosa.page.get_by_text("1 in all")).to_be_visible()

    _, cookies = somebody("eve")
    eve = meet(cookies)
    sees_nothing_of_it(eve, job_path, dataset_path, [result_path])


def become_first_administrator(ada: Visitor, setup_link: str) -> None:
    ada.page.goto(setup_link)
    ada.page.get_by_label("Your name").fill("Ada")
    ada.page.get_by_label("E-mail address").fill("ada@lab.example")
    choose_password(ada)


def choose_password(person: Visitor, link: str = "") -> None:
    if link:
        person.page.goto(link)
    person.page.get_by_label("Password").fill(PASSWORD)
    person.page.get_by_role("button", name="Save and sign in").click()
    expect(title(person.page)).to_be_visible()


def sign_out_and_in(person: Visitor, email: str) -> None:
    person.page.get_by_role("button", name="Sign out").click()
    expect(person.page.get_by_text("You are signed out.")).to_be_visible()
    person.page.get_by_label("E-mail address").fill(email)
    person.page.get_by_label("Password").fill(PASSWORD)
    person.page.get_by_role("button", name="Sign in").click()
    expect(person.page.get_by_role("link", name="Datasets")).to_be_visible()


def add_researcher(ada: Visitor, name: str, email: str) -> str:
    """Return the one-time link for the new person."""
    ada.follow("People")
    ada.page.get_by_label("Name", exact=True).fill(name)
    ada.page.get_by_label("E-mail address").fill(email)
    ada.page.get_by_role("button", name="Add and make a link").click()
    return ada.page.get_by_role("status").locator("code").inner_text()


def add_service(ada: Visitor, name: str, url: str) -> None:
    ada.open("/admin/services/new")
    ada.page.get_by_label("Address of the service's API").fill(url)
    ada.page.get_by_role("button", name="Test the connection").click()
    for stage in ("DNS", "TCP", "HTTP", "Authorised", "Valid answer"):
        expect(row(ada.page, stage)).to_contain_text("Passed")
    expect(ada.page.get_by_role("heading", name="What the service says")).to_be_visible()
    field(ada.page, "Name").fill(name)
    field(ada.page, "A simulation").check()
    ada.page.get_by_role("button", name="Save the service").click()
    expect(title(ada.page)).to_have_text(name)


def add_panel(ada: Visitor, name: str, recipe: str) -> None:
    ada.open("/admin/panels/new")
    field(ada.page, "Id at the service").fill("simulated")
    field(ada.page, "Name").fill(name)
    ada.page.get_by_label("The whole recipe as JSON").fill(recipe)
    ada.page.get_by_label("The whole recipe as JSON").blur()
    expect(ada.page.get_by_text("The recipe is valid.")).to_be_visible()
    ada.page.get_by_role("button", name="Save the panel").click()
    expect(title(ada.page)).to_have_text(name)


def submit_twice_at_once(rosa: Visitor, panel: str) -> str:
    """Go through the steps, click twice, and return the path of the job's page."""
    rosa.page.get_by_role("link", name="Submit").last.click()
    rosa.page.get_by_role("checkbox", name=panel).check()
    rosa.page.get_by_role("button", name="Continue").click()
    expect(rosa.page.get_by_label("Smallest estimated R2")).to_be_visible()
    rosa.page.get_by_role("button", name="Continue").click()
    rosa.page.get_by_role("main").get_by_role("button", name="Submit", exact=True).dblclick()
    expect(title(rosa.page)).to_have_text("Cohort")
    rosa.page.wait_for_url("**/jobs/*")
    return path_of(rosa.page)


def watch_until_completed(rosa: Visitor) -> None:
    """See the job end without a reload, which would forget the mark."""
    rosa.page.evaluate("window.loadedOnce = true")
    expect(rosa.page.get_by_role("main")).to_contain_text("Stored and verified", timeout=120_000)
    expect(rosa.page.get_by_role("main").get_by_text("Completed").first).to_be_visible()
    assert rosa.page.evaluate("window.loadedOnce")


def check_download(rosa: Visitor, name: str, folder: Path) -> str:
    """Download a result, read all of it, and return its path."""
    link = rosa.page.get_by_role("link", name=f"Download {name}", exact=True)
    with rosa.page.expect_download() as download:
        link.click()
    assert download.value.suggested_filename == name
    download.value.save_as(folder / name)
    with pysam.VariantFile(str(folder / name)) as imputed:
        assert len(imputed.header.samples) == dataset.SAMPLES
        records = [(record.pos, "DS" in record.format) for record in imputed]
    panel = dataset.simulate().panel
    assert [position for position, _ in records] == [int(p) for p in panel.positions]
    assert all(has_dosage for _, has_dosage in records)
    return str(link.get_attribute("href"))
