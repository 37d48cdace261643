"""What a job can expect of a service, as pages show it: texts that are ready to read."""

from collections.abc import Mapping
from datetime import timedelta
from typing import TypedDict
from urllib.parse import urlencode

from app.domain.alternatives import Alternative
from app.domain.estimate_records import Accuracy, Hits, KeptEstimate
from app.domain.estimates import Expectation, Guess, words_of_range
from app.domain.failure_drift import Drift, FailureDrift
from app.domain.queue_pace import Pace
from app.domain.stalls import words_of
from app.domain.touched_jobs import TouchedJobs


class OutlookLine(TypedDict):
    """A labelled line; `basis` says what it rests on, `is_bad` that it is worse than usual."""

    label: str
    value: str
    basis: str
    is_bad: bool


class AlternativeItem(TypedDict):
    """A panel at another service that a job could go to."""

    ref: str
    panel: str
    instead_of: str
    service: str
    service_ref: str
    health: str
    wait: str
    turnaround: str
    can_choose: bool
    reasons: list[str]
    href: str


class TouchedItem(TypedDict):
    """A job that the service's trouble touches."""

    ref: str
    title: str
    status: str


UNKNOWN = "Not known"


def queue_line(pace: Pace | None) -> OutlookLine:
    """How many runs wait, and whether they become more."""
    if pace is None or pace.queued is None:
        return _line("Queue now", "Not reported by the service")
    running = "" if pace.running is None else f", {pace.running:,} running"
    trend = {
        "rising": f"rising: {pace.queued_average:.3g} waited on average in 24 h",
        "falling": f"falling: {pace.queued_average:.3g} waited on average in 24 h",
        "steady": "about as many as on average in 24 h",
    }
    return _line(
        "Queue now",
        f"{pace.queued:,} waiting{running}",
        pace.stall_reason or trend.get(pace.trend, ""),
        is_bad=bool(pace.stall_reason),
    )


def expected_lines(expected: Expectation) -> list[OutlookLine]:
    """The expected wait and turnaround, or why they are not known."""
    return [
        _guess("Expected wait of one sent now", expected.wait),
        _guess("Until its results", expected.turnaround),
    ]


def kept_line(kept: KeptEstimate) -> OutlookLine:
    """What was expected of a job when it was sent."""
    parts = [
        f"to wait {words_of_range(*kept.wait)}" if kept.wait else "",
        f"results in {words_of_range(*kept.turnaround)}" if kept.turnaround else "",
    ]
    label = "Expected when it was sent"
    return _line(label, ", ".join(part for part in parts if part), f"from {kept.basis}")


def accuracy_line(found: Accuracy) -> OutlookLine:
    """How good past estimates were."""
    parts = [
        _hits(hits, what)
        for hits, what in ((found.wait, "waits"), (found.turnaround, "times to the results"))
        if hits
    ]
    label = "How good estimates were"
    if not parts:
        return _line(label, UNKNOWN, "Not enough data: too few jobs that had one have ended.")
    return _line(label, "; ".join(parts), "eight in ten are meant to lie in the range")


def drift_lines(drift: FailureDrift) -> list[OutlookLine]:
    """Failures of the last day against what is usual."""
    if drift.failures is None or drift.system_errors is None:
        return [_line("Failed runs", UNKNOWN, drift.why_not)]
    return [
        _drift("Failed runs", drift.failures),
        _drift("Failed by the service's fault", drift.system_errors),
    ]


def short_expectation(expected: Expectation) -> str:
    """The expected times in a line; empty where nothing is known."""
    wait, taken = expected.wait.range, expected.turnaround.range
    parts = [f"Expected wait {wait}" if wait else "", f"results in {taken}" if taken else ""]
    line = ", ".join(part for part in parts if part)
    return line[:1].upper() + line[1:]


def alternative_item(one: Alternative, *, job_ref: str = "") -> AlternativeItem:
    """Make a row of where to send it instead; `job_ref` is the job that is sent again there."""
    wish = {"resubmit": job_ref, "panel": one.row.ref}
    query = urlencode({name: value for name, value in wish.items() if value})
    wait, turnaround = one.expected.wait.range, one.expected.turnaround.range
    return AlternativeItem(
        ref=f"{one.instead_of.ref} {one.row.ref}",
        panel=one.row.name,
        instead_of=one.instead_of.name,
        service=one.row.service_name,
        service_ref=one.row.service_ref,
        health=one.row.health_status if one.row.service_is_active else "paused",
        wait=str(wait) if wait else "not known",
        turnaround=str(turnaround) if turnaround else "not known",
        can_choose=one.can_choose,
        reasons=list(one.reasons),
        href=f"/submit?{query}",
    )


def touched_items(touched: TouchedJobs) -> list[TouchedItem]:
    """The jobs that the service's trouble touches."""
    return [
        TouchedItem(ref=row.ref, title=f"{row.name}, with {row.panel_name}", status=row.status)
        for row in touched.latest
    ]


def touched_text(by_status: Mapping[str, int]) -> str:
    """How many jobs there are, by status; empty without any."""
    return ", ".join(f"{count} {status}" for status, count in sorted(by_status.items()))


def _guess(label: str, guess: Guess) -> OutlookLine:
    if guess.range is None:
        return _line(label, UNKNOWN, guess.basis)
    middle = words_of(timedelta(seconds=guess.range.middle))
    return _line(label, str(guess.range), f"half of all within {middle}; from {guess.basis}")


def _hits(hits: Hits, what: str) -> str:
    off = words_of(timedelta(seconds=hits.median_error))
    return (
        f"{hits.hits} of the last {hits.jobs} {what} lay in the range, off by {off} at the median"
    )


def _drift(label: str, drift: Drift) -> OutlookLine:
    recent, usual = drift.recent, drift.usual
    verdict = "more than usual" if drift.is_unusual else "as usual"
    return _line(
        label,
        f"{recent.failed:,} of {recent.finished:,} in 24 h ({recent.ratio:.0%}), {verdict}",
        f"{usual.ratio:.1%} of {usual.finished:,} runs in the four weeks before",
        is_bad=drift.is_unusual,
    )


def _line(label: str, value: str, basis: str = "", *, is_bad: bool = False) -> OutlookLine:
    return OutlookLine(label=label, value=value, basis=basis, is_bad=is_bad)
