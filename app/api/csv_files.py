"""Rows as a CSV file (RFC 4180) that a spreadsheet opens without computing what others wrote."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from fastapi.responses import Response

Cell = str | int | float | datetime | None
# A spreadsheet would compute a cell that begins so, and some texts come from a foreign service.
FORMULA = re.compile(r"^([=+\-@\t\r])")


def csv_file(name: str, columns: Sequence[str], rows: Iterable[Mapping[str, Cell]]) -> Response:
    """A download; times are UTC in ISO 8601, and a cell of which nothing is known is empty."""
    # Imported here, because most web processes never need it and it takes 50 MB.
    import pandas as pd

    cells = [[written(row[column]) for column in columns] for row in rows]
    text = pd.DataFrame(cells, columns=list(columns), dtype=object).to_csv(index=False)
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)


def written(cell: Cell) -> str | int | float:
    """A cell as a file holds it."""
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        utc = cell.astimezone(UTC)
        return utc.isoformat(timespec="milliseconds" if utc.microsecond else "seconds").replace(
            "+00:00", "Z"
        )
    return FORMULA.sub(r"'\1", cell) if isinstance(cell, str) else cell
