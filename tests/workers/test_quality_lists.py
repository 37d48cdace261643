"""The lists of sites and chunks that a service left out are counted once they are here."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.small_wes import SmallWes, small_wes
from tests.support.submitting import actor
from tests.support.working import (
    IMPUTED,
    RECIPE,
    add_dataset,
    add_panel,
    job,
    submit_to,
    turn,
    until,
)
from workers import collect, jobs

RESULTS = [*RECIPE["results"], {"pattern": "*.txt", "role": "statistics"}]
EXCLUDED = b"ID\tCHROM\tPOS\tREF\tALT\tINFO\nrs1\t20\t5\tG\tA\tMonomorphic\n"
TYPED_ONLY = b"ID\tCHROM\tPOS\tREF\tALT\n.\t20\t161502\tC\tT\n.\t20\t161503\tC\tT\n"
CHUNKS = (
    b"CHUNK\tSNPS\tREFERENCE_OVERLAP\tSAMPLES_LOW_CALL_RATE\n"
    b"chunk_20_0000000001_0020000000\t2\t0.41\t0\n"
)


@pytest.fixture
def wes() -> Iterator[SmallWes]:
    with small_wes() as server:
        yield server


@pytest.mark.usefixtures("databases")
def test_what_a_service_left_out_is_counted_by_reason_and_chromosome(
    wes: SmallWes, tmp_path: Path
) -> None:
    panel = add_panel(wes.base_url, recipe=RECIPE | {"results": RESULTS})
    ref = submit_to(panel, add_dataset(tmp_path, actor()))
    until(ref, "submitted")
    run = wes.only_run()
    run.state = "COMPLETE"
    run.files = {
        "imputed.vcf.gz": IMPUTED,
        "snps-excluded.txt": EXCLUDED,
        "snps-typed-only.txt": TYPED_ONLY,
        "chunks-excluded.txt": CHUNKS,
    }
    turn(jobs.follow)
    turn(collect.collect)
    done = job(ref)
    assert done.row.status == "completed"
    assert done.quality
    assert done.quality.by_chromosome == {"Monomorphic": {"20": 1}, "Typed only": {"20": 2}}
    (chunk,) = done.quality.excluded_chunks
    assert (chunk["region"], chunk["overlap"]) == ("20:1-20000000", 41.0)
