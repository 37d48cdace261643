"""Latencies as a histogram with buckets that grow by a tenth, so that percentiles can be merged.

Bucket 0 holds what took at most a millisecond, bucket n what took more than 1.1^(n-1) ms and at
most 1.1^n. A percentile that is read from it is within 5 % of the true one (the middle of a bucket
is at most that far from its ends), however many histograms were added up; averages of percentiles
would be wrong. The idea is that of HdrHistogram and of Prometheus's native histograms.
"""

import math
from collections.abc import Mapping

RATIO = 1.1
# Ten minutes; no probe lasts so long.
LAST_BUCKET = 140

# The same in PostgreSQL; `response_time_ms` is a column's name.
BUCKET_SQL = (
    f"least({LAST_BUCKET}, ceil(ln(greatest(response_time_ms, 1)::float8) / ln({RATIO}::float8)))"
    "::smallint"
)


def bucket_of(milliseconds: float) -> int:
    """The bucket that a latency falls into."""
    return min(LAST_BUCKET, math.ceil(math.log(max(milliseconds, 1.0)) / math.log(RATIO)))


def bounds_of(bucket: int) -> tuple[float, float]:
    """The latencies that a bucket holds, in milliseconds: more than the first, at most the last."""
    return (0.0 if bucket == 0 else RATIO ** (bucket - 1)), RATIO**bucket


def middle_of(bucket: int) -> float:
    """The latency that stands for a bucket, in milliseconds."""
    return 1.0 if bucket == 0 else float(RATIO ** (bucket - 0.5))


def percentile(histogram: Mapping[int, int], share: float) -> float | None:
    """The latency (ms) that `share` of the answers did not exceed; None where there was none.

    It is the nearest rank's bucket: of 100 answers, `share` 0.95 means the 95th.
    """
    return percentiles(histogram, share)[0]


def percentiles(histogram: Mapping[int, int], *shares: float) -> list[float | None]:
    """The percentiles of several shares, which rise."""
    total, below = sum(histogram.values()), 0
    found: list[float | None] = []
    for bucket in sorted(histogram):
        below += histogram[bucket]
        while len(found) < len(shares) and below >= max(1, math.ceil(shares[len(found)] * total)):
            found.append(middle_of(bucket))
    return found + [None] * (len(shares) - len(found))
