"""Read one file of genotypes in a process of its own: `python -m workers.read_vcf PATH NAME`.

The file is a stranger's: whatever it does to the library that reads it, it does within limits of
memory and time, and the worker goes on. One line of JSON on stdout: `facts`, or `unreadable` with
the reason.
"""

import json
import os
import resource
import sys
from pathlib import Path

from app.domain.vcf import Unreadable, read_vcf

MEMORY_BYTES = 2 * 1024**3
READ_SECONDS = 600.0


def main() -> None:
    """Print what the file holds."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    os.nice(10)
    path, name = sys.argv[1:]
    try:
        answer = {"facts": read_vcf(Path(path), name, seconds=READ_SECONDS)}
    except Unreadable as error:
        print(json.dumps({"unreadable": str(error)}))
    else:
        print(json.dumps(answer))


if __name__ == "__main__":
    main()
