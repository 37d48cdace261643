"""The documentation tells what the tests assert."""

from tests.databases import duties
from tests.databases.matrix import AFFECTED, DUTIES, document
from tests.support.processes import ROOT


def test_the_table_in_the_documentation_is_the_one_that_is_asserted() -> None:
    written = (ROOT / "docs/databases.md").read_text()
    assert written == document(), "run: python -m tests.databases.matrix > docs/databases.md"


def test_every_duty_of_the_table_is_tried() -> None:
    assert set(duties.ALL) == set(DUTIES)
    assert all(set(affected) <= set(DUTIES) for affected in AFFECTED.values())
