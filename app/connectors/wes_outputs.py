"""Outputs of a WES run, from every shape in use, and the way to each file.

WES says only that `outputs` is an object. In practice it is a CWL output object (Toil,
wes-service), a list of `{file_name, file_url}` (Sapporo), `{name: "file://…"}` (Starter Kit,
Cromwell), or `{"filesystem": [relative paths]}` (WESkit).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from app.connectors.answers import plain_text
from app.connectors.base import RemoteFile
from app.connectors.errors import Rejected, Unreachable
from app.connectors.wes_parse import list_of, mapping_of, text_of

MOST_FILES = 5000
DEEPEST = 40
LARGEST_FILE = 2**50


class Found(NamedTuple):
    """An output as it is described: a name if it has one, a location, a size if it is told."""

    name: str
    location: str
    size: int | None


def outputs_of(outputs: Any) -> Iterator[Found]:
    """Every file in an `outputs` value, in its order; what is no file is passed over."""
    if isinstance(outputs, dict) and set(outputs) == {"filesystem"}:
        for path in list_of(outputs["filesystem"]):
            if text_of(path):
                yield Found("", path, None)
        return
    yield from _walk(outputs, 0)


def _walk(value: Any, depth: int) -> Iterator[Found]:
    if depth > DEEPEST:
        return
    if isinstance(value, list):
        for item in value:
            yield from _walk(item, depth + 1)
    elif isinstance(value, dict):
        location = next(
            (
                value[key]
                for key in ("location", "file_url", "path", "url")
                if text_of(value.get(key))
            ),
            "",
        )
        if value.get("class") == "File" or "file_url" in value:
            name = text_of(value.get("basename")) or text_of(value.get("file_name"))
            size = value.get("size")
            if location:
                yield Found(name, location, _size_of(size))
            yield from _walk(value.get("secondaryFiles"), depth + 1)
        elif value.get("class") == "Directory":
            yield from _walk(value.get("listing"), depth + 1)
        else:
            for item in value.values():
                yield from _walk(item, depth + 1)
    elif isinstance(value, str) and (value.startswith("/") or "://" in value) and "\n" not in value:
        yield Found("", value, None)


def _size_of(value: Any) -> int | None:
    """A size in bytes, if it can be one."""
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return value if is_number and 0 <= value <= LARGEST_FILE else None


def file_name(found: Found) -> str:
    """A name for the file without folders: its own, else the end of its location."""
    path = urlsplit(found.location).path if "://" in found.location else found.location
    for candidate in (found.name, unquote(path)):
        name = PurePosixPath(plain_text(candidate).strip()).name
        if name and name not in (".", ".."):
            return name[:255]
    return "output"


@dataclass(frozen=True)
class SharedFolder:
    """A folder that the service and this machine both see, each under its own path."""

    remote: PurePosixPath
    local: Path

    def relative(self, location: str) -> PurePosixPath | None:
        """Where a `file://` URL or absolute path lies in the folder; None if it is outside."""
        path = path_at_service(location)
        if path is None or ".." in path.parts or not path.is_relative_to(self.remote):
            return None
        return path.relative_to(self.remote)

    def path_here(self, location: str) -> Path:
        """The path of a file on this machine; blocks on the disk.

        Raises `Rejected` if the path leads out of the folder, also through a symbolic link, and
        `Unreachable` if there is no such file now, as when the folder is not mounted.
        """
        relative = self.relative(location)
        root = self.local.resolve()
        path = root / relative if relative is not None else None
        if path is None or "\0" in str(path) or not path.resolve().is_relative_to(root):
            raise Rejected(
                f"The output {PurePosixPath(location).name} is outside the shared folder."
            )
        if not path.is_file():
            raise Unreachable(
                f"The output {path.name} is not in the shared folder {self.local}: check that the "
                "folder is mounted here and holds the service's files."
            )
        return path.resolve()


def path_at_service(location: str) -> PurePosixPath | None:
    """The absolute path that a `file://` URL or a bare path names, or None."""
    if location.startswith("/"):
        return PurePosixPath(location)
    parts = urlsplit(location)
    if parts.scheme != "file" or not parts.path.startswith("/"):
        return None
    return PurePosixPath(unquote(parts.path))


def shared_folders(api_config: Mapping[str, Any]) -> list[SharedFolder]:
    """The folders that an administrator declared: `{"shared_folder": {"remote", "local"}}`.

    One object or a list of them; an incomplete one, or one with relative paths, counts as none.
    """
    declared = api_config.get("shared_folder")
    folders = []
    for entry in declared if isinstance(declared, list) else [declared]:
        remote, local = (text_of(mapping_of(entry).get(key)) for key in ("remote", "local"))
        if remote.startswith("/") and local.startswith("/"):
            folders.append(SharedFolder(PurePosixPath(remote), Path(local)))
    return folders


def remote_file(found: Found, location: str, folders: Sequence[SharedFolder]) -> RemoteFile:
    """An output as the platform shows it; `location` is where it is looked for."""
    return RemoteFile(
        name=file_name(found),
        location=location,
        size=found.size,
        can_download=location.startswith(("http://", "https://"))
        or any(folder.relative(location) is not None for folder in folders),
    )


def remote_files(
    base: str, remote_id: str, outputs: Any, folders: Sequence[SharedFolder]
) -> list[RemoteFile]:
    """The outputs of a run of the service at `base`, each place once."""
    located = {
        _location(base, remote_id, found): found
        for found in islice(outputs_of(outputs), MOST_FILES)
    }
    return [remote_file(found, location, folders) for location, found in located.items()]


def _location(base: str, remote_id: str, found: Found) -> str:
    """Where an output is looked for.

    A service behind a proxy names itself by an address that only it can use (Sapporo's
    `--base-url`): what lies below this run is asked for at the address that works.
    """
    below = f"/runs/{remote_id}/"
    if found.location.startswith(("http://", "https://")) and below in found.location:
        return base + below + found.location.partition(below)[2]
    return found.location
