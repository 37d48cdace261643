"""One page of a list, as every list of the platform gives it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Row = TypeVar("Row")

PAGE_SIZE = 25
LARGEST_PAGE_SIZE = 200


@dataclass(frozen=True)
class Page(Generic[Row]):
    """The rows of one page (`number` counts from 1) and how many there are in all."""

    rows: Sequence[Row]
    total: int
    number: int
    size: int

    @property
    def last_number(self) -> int:
        """The last page's number, at least 1."""
        return max(1, -(-self.total // self.size))


def page_bounds(number: int, size: int) -> tuple[int, int]:
    """Bring a wished page number and size into what is allowed."""
    return max(1, min(number, 10**9)), max(1, min(size, LARGEST_PAGE_SIZE))
