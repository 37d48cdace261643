"""Percentiles from histograms: how near the truth they are, and that PostgreSQL counts alike."""

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from app.domain.latency import BUCKET_SQL, bounds_of, bucket_of, percentile, percentiles
from models import db

latencies = st.floats(1, 600_000)


@given(st.lists(latencies, min_size=1, max_size=200), st.sampled_from([0.5, 0.95, 0.99]))
def test_a_percentile_is_within_five_percent_of_the_true_one(found: list[float], share: float):
    true = sorted(found)[max(1, math.ceil(share * len(found))) - 1]
    told = percentile(Counter(map(bucket_of, found)), share)
    assert told == pytest.approx(true, rel=0.0501)


@given(latencies)
def test_a_latency_lies_within_its_buckets_bounds(milliseconds: float) -> None:
    low, high = bounds_of(bucket_of(milliseconds))
    assert low * (1 - 1e-9) <= milliseconds <= high * (1 + 1e-9)


def test_without_answers_there_is_no_percentile() -> None:
    assert percentile({}, 0.5) is None
    assert percentiles({}, 0.5, 0.95) == [None, None]


def test_postgresql_puts_latencies_into_the_same_buckets(postgres: str) -> None:
    found = [1.37**power * 0.73 for power in range(50)]
    statement = text(
        f"SELECT {BUCKET_SQL} FROM unnest(CAST(:found AS float8[])) AS response_time_ms"
    )
    with db.session(db.REGISTRY) as session:
        buckets = session.connection().scalars(statement, {"found": found}).all()
    assert buckets == [bucket_of(milliseconds) for milliseconds in found]
