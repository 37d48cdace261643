"""A page of a long table of numbers, as a tab holds it: only the rows that it shows."""

from collections.abc import Callable, Sequence
from typing import Any, TypedDict, TypeVar

T = TypeVar("T")

ROWS = 24


class NumbersRow(TypedDict):
    """A row: what it is about, and its cells, ready to read."""

    head: str
    cells: list[str]


class TablePage(TypedDict):
    """Some rows of a table, which page of it they are, and how many there are in all."""

    rows: list[NumbersRow]
    number: int
    pages: int
    total: int


NO_ROWS = TablePage(rows=[], number=1, pages=1, total=0)


def table_page(items: Sequence[T], row: Callable[[T], NumbersRow], wanted: Any = 1) -> TablePage:
    """Make the page `wanted` (from 1) of items that are in order; the nearest there is."""
    pages = max(1, -(-len(items) // ROWS))
    number = min(max(1, wanted if isinstance(wanted, int) else 1), pages)
    shown = items[(number - 1) * ROWS : number * ROWS]
    return TablePage(
        rows=[row(item) for item in shown], number=number, pages=pages, total=len(items)
    )
