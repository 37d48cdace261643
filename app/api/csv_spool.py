"""A long table as a CSV file, which is never in memory as a whole.

It is written to a nameless file first, a few rows at a time, and sent from there. So a slow reader
holds no connection to a database, and a database that goes away while it is read answers 503
instead of a file that ends too early.
"""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from tempfile import TemporaryFile
from typing import BinaryIO

from fastapi.responses import StreamingResponse

from app.api.csv_files import Cell, written
from app.domain.store import partial_dir
from models import db

Rows = Iterable[Sequence[Sequence[Cell]]]

BLOCK = 256 * 1024


def spool(
    session: db.Session, head: Sequence[str], read: Callable[[db.Session], Rows]
) -> tuple[BinaryIO, int]:
    """Write what is read, some rows at a time, below its head; return the file and their number."""
    file = TemporaryFile(dir=partial_dir())  # noqa: SIM115 (whoever sends it closes it)
    try:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=False)
        writer, count = csv.writer(text), 0
        writer.writerow(head)
        for rows in read(session):
            writer.writerows([[written(cell) for cell in row] for row in rows])
            count += len(rows)
        text.detach()
    except BaseException:
        file.close()
        raise
    return file, count


def sent(file: BinaryIO, name: str) -> StreamingResponse:
    """Send a spooled file as a download."""
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Length": str(file.tell()),
        "Cache-Control": "no-store",
    }
    return StreamingResponse(
        _in_blocks(file), media_type="text/csv; charset=utf-8", headers=headers
    )


def _in_blocks(file: BinaryIO) -> Iterator[bytes]:
    with file:
        file.seek(0)
        while block := file.read(BLOCK):
            yield block
