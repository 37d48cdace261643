"""Write docs/configuration.md from app/config.py, so that no setting is undocumented."""

from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from app.config import GIB, Settings
from scripts import ROOT

TARGET = ROOT / "docs" / "configuration.md"
HEAD = """\
# Configuration

Every setting is an environment variable, or a line of a file `.env` in the platform's folder. None
is needed to start.

| variable | default | meaning |
|---|---|---|
"""
FOOT = """
Several web processes need Redis for the state of the open tabs: set `REDIS_URL`.

This table is made from `app/config.py` by `python -m scripts.document`.
"""


def table() -> str:
    """Return the document's text."""
    rows = [row(name, field) for name, field in Settings.model_fields.items()]
    return HEAD + "".join(rows) + FOOT


def row(name: str, field: FieldInfo) -> str:
    """Return a setting's line."""
    variable = f"{Settings.model_config['env_prefix']}{name}".upper()
    return f"| `{variable}` | {shown(field.default)} | {field.description} |\n"


def shown(default: Any) -> str:
    """Return a default as a person would write it."""
    value = default.get_secret_value() if isinstance(default, SecretStr) else default
    if value in ("", None):
        return "(empty)"
    if isinstance(value, int) and value >= GIB and value % GIB == 0:
        return f"`{value}` ({value // GIB} GiB)"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


if __name__ == "__main__":
    TARGET.write_text(table())
