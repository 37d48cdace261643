"""What is installed is pinned, needed, and says why."""

import ast
import re
from importlib.metadata import packages_distributions

from scripts import ROOT

# Needed, although nothing of ours names them in an import.
UNNAMED = {"python-multipart"}
FOLDERS = ("app", "models", "workers", "demo", "scripts")


def requirements(name: str) -> dict[str, str]:
    """Read a file of requirements: each distribution and the reason given for it."""
    lines = (ROOT / name).read_text().splitlines()
    found = [re.fullmatch(r"([a-z0-9-]+)==(\S+)\s+# (.+)", line) for line in lines if "==" in line]
    assert all(found), f"a line of {name} has no pin or no reason"
    return {match[1]: match[3] for match in found if match}


def imported(*folders: str) -> set[str]:
    """Find the distributions whose modules our files import."""
    distributions = packages_distributions()
    names: set[str] = set()
    for path in (path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.partition(".")[0])
    return {owner.lower() for name in names for owner in distributions.get(name, ())}


def test_every_requirement_has_a_pin_and_a_reason() -> None:
    for name in ("requirements.txt", "requirements-build.txt", "requirements-dev.txt"):
        assert requirements(name)


def test_nothing_is_installed_to_run_that_is_not_imported() -> None:
    assert sorted(set(requirements("requirements.txt")) - imported(*FOLDERS) - UNNAMED) == []


def test_the_lock_pins_every_requirement_to_the_same_version() -> None:
    locked = set(re.findall(r"^[a-z0-9-]+==\S+", (ROOT / "requirements.lock").read_text(), re.M))
    for name in ("requirements.txt", "requirements-build.txt", "requirements-dev.txt"):
        wanted = set(re.findall(r"^[a-z0-9-]+==\S+", (ROOT / name).read_text(), re.M))
        assert wanted <= locked, f"run scripts/lock after changing {name}"
