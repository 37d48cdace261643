"""What people do and see on whole paths through the pages, and how it is found there."""

import re
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from demo import dataset
from tests.support.visitor import Visitor


def make_dataset(person: Visitor, name: str, files: Sequence[Path]) -> str:
    """Upload the person's first dataset; return the path of its page, once its files are read."""
    page = person.page
    person.follow("Datasets")
    page.get_by_role("button", name="Create your first dataset").click()
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Create and add files").click()
    expect(title(page)).to_have_text(name)
    page.get_by_label("Add files of genotypes").set_input_files(files)
    for file in files:
        expect(row(page, file.name)).to_contain_text(str(dataset.SAMPLES))
    return path_of(page)


def sees_nothing_of_it(person: Visitor, job: str, dataset_path: str, routes: Sequence[str]) -> None:
    """Look for somebody else's job, dataset and what `routes` hand out, in vain."""
    person.open("/jobs")
    expect(person.page.get_by_text("No jobs yet")).to_be_visible()
    person.open("/datasets")
    expect(person.page.get_by_text("No datasets yet")).to_be_visible()
    person.page.goto(job)
    expect(person.page.get_by_text("There is no such job")).to_be_visible()
    person.page.goto(dataset_path)
    expect(person.page.get_by_text("There is no such dataset")).to_be_visible()
    for route in routes:
        assert person.context.request.get(route).status == 404


def title(page: Page) -> Locator:
    return page.get_by_role("heading", level=1)


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=name))


def field(page: Page, label: str) -> Locator:
    """The form control whose label begins so; a hint may follow in the label."""
    return page.get_by_label(re.compile(f"^{label}"))


def path_of(page: Page) -> str:
    return page.evaluate("location.pathname")
