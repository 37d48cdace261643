"""Pages that were built from other sources than those of now are built again."""

from pathlib import Path

import pytest

from scripts import frontend

# What Reflex does, as far as the build sees it.
BUILDER = """#!/bin/sh
cd "$(dirname "$0")/.."
mkdir -p .web/build/client/assets
echo 'e={PING:"http://localhost:8000/ping"}' > .web/build/client/assets/reflex-env-x.js
echo '{"b": 1, "a": 2}' > reflex.lock/package.json
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a source and a builder."""
    for name in (*frontend.FILES, "app/page.py", "reflex.lock/package.json", "scripts/reflex"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    builder = tmp_path / "scripts/reflex"
    builder.write_text(BUILDER)
    builder.chmod(0o755)
    for name in ("CLIENT", "STAMP", "LOCK"):
        place = getattr(frontend, name).relative_to(frontend.ROOT)
        monkeypatch.setattr(frontend, name, tmp_path / place)
    monkeypatch.setattr(frontend, "ROOT", tmp_path)
    return tmp_path


def test_pages_are_not_taken_for_built_when_a_source_changed_during_the_build(root: Path) -> None:
    with (root / "scripts/reflex").open("a") as builder:
        builder.write("echo changed >> app/page.py")
    frontend.build()
    assert not frontend.is_built()


def test_a_build_may_change_the_lock_of_its_packages(root: Path) -> None:
    frontend.build()
    assert frontend.is_built()
