"""The pages are built when something they are made of changes, and only then."""

import re
import subprocess
from pathlib import Path

import pytest

from scripts import ROOT, frontend


@pytest.fixture(scope="module", autouse=True)
def built() -> None:
    frontend.build()


def test_what_is_built_stays_built() -> None:
    assert frontend.is_built()


def test_a_build_leaves_the_committed_lock_of_its_packages_as_it_is() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    changed = subprocess.run(
        ["git", "diff", "--stat", "--", "reflex.lock"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert changed.stdout == "", "a page needs other packages: commit reflex.lock with it"


@pytest.mark.parametrize("folder", ["app/pages", "assets"])
def test_a_new_file_among_the_sources_asks_for_a_new_build(folder: str) -> None:
    added = ROOT / folder / "zz_added_by_a_test.txt"
    try:
        added.write_text("x")
        assert not frontend.is_built()
    finally:
        added.unlink()
    assert frontend.is_built()


def test_pages_talk_to_the_host_and_port_that_they_came_from() -> None:
    scripts = "".join(path.read_text() for path in frontend.CLIENT.glob("assets/*.js"))
    assert re.findall(r"(?:http|ws)s?://localhost:\d+[^\"'`]*", scripts) == []
    assert '`${location.origin.replace("http","ws")}/_event`' in scripts


def test_pages_name_no_foreign_host() -> None:
    fetched = re.compile(r"""(?:src|href)=["'](https?:)?//[^"']+""")
    for page in frontend.CLIENT.glob("**/*.html"):
        assert not fetched.search(page.read_text()), page


@pytest.mark.parametrize("quote", ['"', "'", "`"])
def test_the_address_of_the_building_machine_is_found_in_whatever_quotes(
    quote: str, tmp_path: Path
) -> None:
    script = tmp_path / "assets" / "reflex-env-x.js"
    script.parent.mkdir()
    script.write_text(f"e={{PING:{quote}http://localhost:8000/ping{quote}}}")
    frontend.follow_the_visitor(tmp_path)
    assert script.read_text() == "e={PING:`${location.origin}/ping`}"
