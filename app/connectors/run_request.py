"""What a connector is asked to start."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Attachment:
    """A file that travels with a submission, read from disk while it is sent."""

    name: str
    path: Path


@dataclass(frozen=True)
class RunRequest:
    """A submission in the terms of WES (`POST /runs`); other protocols use the parts they know.

    `job_ref` is our own id: it travels as a tag (Cloudgene: as the job's name) so that the run can
    be found again. The parameters may hold the password of the results' archives: never log them.
    """

    job_ref: str
    workflow_url: str
    workflow_type: str
    workflow_type_version: str
    workflow_params: Mapping[str, Any] = field(repr=False)
    workflow_engine: str = ""
    workflow_engine_version: str = ""
    workflow_engine_parameters: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    attachments: Sequence[Attachment] = ()
