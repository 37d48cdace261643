"""Whether a dataset is within what a service takes, as far as its files have been read.

What is not known yet refuses nothing: the service would still say it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.domain.files import FileRow
from app.domain.service_limits import GIB, Limits


@dataclass(frozen=True)
class FileFacts:
    """What is known of a file to be sent: its size in bytes, and None for what was not read yet."""

    name: str
    size: int
    samples: int | None = None
    chromosomes: Sequence[str] | None = None


def file_facts(row: FileRow) -> FileFacts:
    """What reading a stored file told."""
    is_read = row.state == "read"
    return FileFacts(
        name=row.name,
        size=row.size,
        samples=row.facts.get("samples") if is_read else None,
        chromosomes=row.facts.get("chromosomes") if is_read else None,
    )


def misfits(
    files: Sequence[FileFacts],
    *,
    limits: Mapping[str, Any],
    service_name: str,
    service_type: str,
) -> list[str]:
    """Why a service would refuse these files, each with the cure; empty if nothing is known."""
    found = [
        *_samples(files, Limits.model_validate(limits), service_name),
        *_files(files, Limits.model_validate(limits), service_name),
        *(_chromosomes(files, service_name) if service_type == "imputation_server" else ()),
    ]
    return list(found)


def _samples(files: Sequence[FileFacts], limits: Limits, service: str) -> Iterable[str]:
    counted = [one.samples for one in files if one.samples is not None]
    if not counted:
        return
    if limits.max_samples is not None and max(counted) > limits.max_samples:
        yield (
            f"{service} takes at most {limits.max_samples:,} samples per job, and the dataset has "
            f"{max(counted):,}. Split it into datasets with fewer samples, or choose another panel."
        )
    if limits.min_samples is not None and min(counted) < limits.min_samples:
        yield (
            f"{service} takes at least {limits.min_samples:,} samples per job, and the dataset has "
            f"{min(counted):,}. Put more samples into its files, or choose another panel."
        )


def _files(files: Sequence[FileFacts], limits: Limits, service: str) -> Iterable[str]:
    if limits.max_files is not None and len(files) > limits.max_files:
        yield (
            f"{service} takes at most {limits.max_files:,} files per job, and the dataset has "
            f"{len(files):,}. Divide them among several datasets, or choose another panel."
        )
    largest = max(files, key=lambda one: one.size, default=None)
    if largest and limits.max_file_bytes is not None and largest.size > limits.max_file_bytes:
        yield (
            f"{service} takes files of at most {limits.max_file_bytes / GIB:,.4g} GiB, and "
            f"“{largest.name}” has {largest.size / GIB:,.4g} GiB. Compress it with bgzip, divide "
            "it, or choose another panel."
        )


def _chromosomes(files: Sequence[FileFacts], service: str) -> Iterable[str]:
    """Imputation servers refuse such a file, though only long after it was sent.

    genepi/imputationserver-utils v1.5.3, `InputValidationCommand`.
    """
    several = next((one for one in files if one.chromosomes and len(one.chromosomes) > 1), None)
    if several and several.chromosomes:
        names = ", ".join(several.chromosomes[:3])
        yield (
            f"{service} takes files with one chromosome each, and “{several.name}” has several "
            f"({names}{'…' if len(several.chromosomes) > 3 else ''}). Divide it by chromosome."
        )
