"""Who may import whom, and how long a module may be."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("app", "models", "workers")
SHORT_ENOUGH = 300

# layer: what of ours, and which of the weighty libraries, it may import
ALLOWED = {
    "models": {"models", "sqlmodel", "sqlalchemy", "psycopg2"},
    "app/connectors": {"app.connectors", "httpx"},
    "app/domain": {
        "app.domain",
        "app.connectors",
        "app.config",
        "models",
        "sqlmodel",
        "sqlalchemy",
    },
    "app/resources": {
        "app.resources",
        "app.domain",
        "models",
        "sqlmodel",
        "sqlalchemy",
    },
    "app/components": {"app.components", "reflex"},
    "app/states": {
        "app.states",
        "app.resources",
        "app.domain",
        "app.components",
        "app.config",
        "models",
        "reflex",
        "plotly",
        "sqlalchemy",
        "psycopg2",
    },
    "app/pages": {
        "app.pages",
        "app.states",
        "app.resources",
        "app.domain",
        "app.components",
        "app.connectors",
        "app.config",
        "models",
        "reflex",
        "plotly",
        "pandas",
    },
    "app/api": {
        "app.api",
        "app.resources",
        "app.domain",
        "app.config",
        "models",
        "fastapi",
        "pandas",
    },
    "workers": {
        "workers",
        "app.domain",
        "app.connectors",
        "app.config",
        "app.logs",
        "models",
        "apscheduler",
        "httpx",
        "sqlmodel",
        "sqlalchemy",
    },
}
GUARDED = {
    "app",
    "models",
    "workers",
    "reflex",
    "fastapi",
    "httpx",
    "sqlmodel",
    "sqlalchemy",
    "apscheduler",
    "plotly",
    "pandas",
    "psycopg2",
}


def modules(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def imports(path: Path) -> set[str]:
    """Return every module that a file imports, also inside functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("layer", ALLOWED)
def test_a_layer_imports_only_what_the_design_lets_it(layer: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules(layer)
        for name in imports(path)
        if name.split(".")[0] in GUARDED
        and not any(name == ok or name.startswith(f"{ok}.") for ok in ALLOWED[layer])
    ]
    assert wrong == []


def test_the_package_app_is_empty_so_that_a_worker_never_loads_reflex() -> None:
    assert (ROOT / "app/__init__.py").read_text() == ""


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_fits_on_a_few_screens(package: str) -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in modules(package)
        if (lines := len(path.read_text().splitlines())) > SHORT_ENOUGH
    }
    assert long == {}


def test_the_alembic_folder_does_not_shadow_the_library() -> None:
    assert not (ROOT / "alembic/__init__.py").exists()
