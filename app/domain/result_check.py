"""Whether a fetched result opens: the last step before it counts.

Services cut downloads short without saying so, and disks fill up under a run. A compressed file
tells: its checksum (RFC 1952, 2.3.1) and its end are inside it. Of any other it can only be seen
that an error of the service came in its place.
"""

import gzip
import json
import zlib
from pathlib import Path

BLOCK = 1024 * 1024
# An empty last block marks the end of a BGZF file (SAM specification, 4.1.2).
BGZF_END = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
COMPRESSED = (".gz", ".bgz", ".tbi", ".csi")
VCF = (".vcf.gz", ".vcf.bgz")
PAGES = (".html", ".htm")
PAGE_STARTS = (b"<!doctype html", b"<html")
LONGEST_ERROR = 4096


def damage_of(path: Path, name: str) -> str:
    """What is wrong with the content of a result, in a few words; empty if it opens.

    `name` is the result's own, which says what it should be. Reads the whole file.
    """
    if not name.lower().endswith(COMPRESSED):
        return _error_instead(path, name)
    try:
        start = _unpacked_start(path)
    except EOFError:
        return "its end is missing"
    except gzip.BadGzipFile as error:
        is_packed = "Not a gzipped file" not in str(error)
        return "its checksum is wrong" if is_packed else "it is not compressed as its name says"
    except zlib.error:
        return "it breaks off in the middle of its compression"
    if name.lower().endswith(VCF) and not start.startswith(b"##fileformat=VCF"):
        return "it is not VCF as its name says"
    return ""


def _error_instead(path: Path, name: str) -> str:
    """Which error was saved as the file, if one was: a web page, or JSON that says so."""
    with path.open("rb") as file:
        head = file.read(LONGEST_ERROR + 1).strip()
    if head.lower().startswith(PAGE_STARTS) and not name.lower().endswith(PAGES):
        return "it is a web page in the place of the file"
    if not head.startswith(b"{") or len(head) > LONGEST_ERROR:
        return ""
    try:
        said = json.loads(head)
    except (ValueError, RecursionError):
        return ""
    if said.get("success") is not False:
        return ""
    return f"it is an error in the place of the file: “{str(said.get('message', ''))[:200]}”"


def _unpacked_start(path: Path) -> bytes:
    """Unpack all of a file and return its beginning; raises where it is not whole."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(14)
        file.seek(max(0, size - len(BGZF_END)))
        # BC names the extra field by which a BGZF block is known.
        if not head or (head.endswith(b"BC") and file.read() != BGZF_END):
            raise EOFError
    with gzip.open(path) as content:
        start = content.read(BLOCK)
        while content.read(BLOCK):
            pass
    return start
