"""All results of a job at once: which files they are, and the names under which they go out."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace

from sqlmodel import Session, col, select

from app.domain.access import Actor, require, require_own
from app.domain.errors import NotFound
from app.domain.files import RESULT, FileForDownload, for_download
from models.files import StoredFile

# What some file system takes for something else than a part of a name.
UNSAFE = re.compile(r'[<>:"/\\|?*]')
LONGEST_NAME = 180
# The list of checksums that goes along has this name.
SUMS = "SHA256SUMS"


def results_of(session: Session, *, actor: Actor, job_ref: str) -> Sequence[FileForDownload]:
    """Every stored result of a job, by name; `NotFound` where there is none for the actor.

    Their names are safe on every file system, and no two are the same.
    """
    require(actor, "job:read")
    stored = session.exec(
        select(StoredFile)
        .where(
            StoredFile.job_ref == job_ref,
            StoredFile.kind == RESULT,
            col(StoredFile.deleted_at).is_(None),
        )
        .order_by(col(StoredFile.name), col(StoredFile.id))
    ).all()
    if not stored:
        raise NotFound("result")
    for owner_ref in {file.owner_ref for file in stored}:
        require_own(actor, "job:read", owner_ref=owner_ref, what="result")
    return _named_apart([for_download(file) for file in stored])


def safe_name(name: str) -> str:
    """A name that is a plain file's on every system, and no option of any program."""
    visible = "".join("_" if unicodedata.category(sign).startswith("C") else sign for sign in name)
    plain = UNSAFE.sub("_", visible).strip(" .").lstrip("-")
    while len(plain.encode()) > LONGEST_NAME:
        # The end tells what kind of file it is.
        plain = plain[1:]
    return plain or "result"


def _named_apart(files: Sequence[FileForDownload]) -> list[FileForDownload]:
    """Give each file a name of its own, also where capitals make no difference."""
    taken = {SUMS.casefold()}
    named = []
    for file in files:
        begin, dot, ends = safe_name(file.name).partition(".")
        name, number = f"{begin}{dot}{ends}", 1
        while name.casefold() in taken:
            number += 1
            name = f"{begin} ({number}){dot}{ends}"
        taken.add(name.casefold())
        named.append(replace(file, name=name))
    return named
