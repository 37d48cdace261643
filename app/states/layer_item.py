"""A service's layers as its page shows them: texts that are ready to read, and strips of time."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypedDict

from app.domain.canaries import CanaryRow
from app.domain.health import Layer, Verdict
from app.domain.service_layers import LayerRow, Stretch
from app.states.service_item import iso

TITLES = {
    Layer.REACHABLE: "Reachable",
    Layer.TLS: "TLS certificate",
    Layer.PROTOCOL: "Protocol",
    Layer.CREDENTIALS: "Credentials",
    Layer.PANELS: "Panels",
    Layer.CANARY: "Canary run",
}
# What to say where a layer has no time at which it is looked at next.
OTHERWISE = {
    Layer.REACHABLE: "with each check",
    Layer.PROTOCOL: "with each check",
    Layer.CANARY: "switched off",
}
WORDS = {"passed": "works", "failed": "fails", "untold": "cannot be told"}


class LayerItem(TypedDict):
    """A layer as it is now. `verdict` is `old` where a layer below it fails, `none` without one."""

    title: str
    verdict: str
    detail: str
    since: str
    left: str
    next_look: str
    otherwise: str


class SegmentItem(TypedDict):
    """A part of a layer's strip: its verdict, and its width in per cent."""

    verdict: str
    width: str
    title: str


class StripItem(TypedDict):
    """A layer's last days as a strip, and the same in words."""

    title: str
    summary: str
    segments: list[SegmentItem]


class StretchItem(TypedDict):
    """A time in which a layer had one verdict, in the table."""

    title: str
    verdict: str
    detail: str
    since: str
    until: str


class CanaryItem(TypedDict):
    """A canary run in the table."""

    started_at: str
    verdict: str
    detail: str
    wait: str
    seconds: str


def layer_item(row: LayerRow) -> LayerItem:
    """Make the table's row of a layer."""
    rests = f"Seen before “{TITLES[row.rests_on]}” failed. " if row.rests_on else ""
    has_old = bool(rests and row.verdict)
    return LayerItem(
        title=TITLES[row.layer],
        verdict="old" if has_old else (row.verdict or "none"),
        detail=(rests if has_old else "") + row.detail,
        since=iso(row.since),
        left=_left(row.days_left),
        next_look=iso(row.next_look_at),
        otherwise=OTHERWISE.get(row.layer, "–"),
    )


def _left(days: int | None) -> str:
    if days is None:
        return ""
    if days < 0:
        return "has ended"
    return f"{days} day{'' if days == 1 else 's'} left"


def strip_items(rows: Sequence[Stretch], *, since: datetime, until: datetime) -> list[StripItem]:
    """Each layer's strip between two times, for the layers that were looked at."""
    return [
        _strip(layer, own, since, until)
        for layer in Layer
        if (own := [row for row in reversed(rows) if row.layer is layer])
    ]


def _strip(layer: Layer, rows: Sequence[Stretch], since: datetime, until: datetime) -> StripItem:
    segments: list[SegmentItem] = []
    at, span = since, (until - since).total_seconds()
    for row in rows:
        begins, ends = max(row.since, at), min(row.until or until, until)
        if ends <= begins:
            continue
        if begins > at:
            segments.append(_segment("none", (begins - at).total_seconds() / span, "Nothing known"))
        told = f"{WORDS[row.verdict]}: {row.detail}" if row.detail else WORDS[row.verdict]
        segments.append(_segment(row.verdict, (ends - begins).total_seconds() / span, told))
        at = ends
    fails = sum(row.verdict is Verdict.FAILED for row in rows)
    times = "once" if fails == 1 else f"{fails} times"
    summary = f"{TITLES[layer]}: failed {times}" if fails else f"{TITLES[layer]}: never failed"
    return StripItem(title=TITLES[layer], summary=f"{summary} in this time", segments=segments)


def _segment(verdict: str, share: float, title: str) -> SegmentItem:
    return SegmentItem(verdict=str(verdict), width=f"{share * 100:.4f}%", title=title[:300])


def stretch_item(row: Stretch) -> StretchItem:
    """Make the table's row of a stretch."""
    return StretchItem(
        title=TITLES[row.layer],
        verdict=str(row.verdict),
        detail=row.detail,
        since=iso(row.since),
        until=iso(row.until),
    )


def canary_item(row: CanaryRow) -> CanaryItem:
    """Make the table's row of a canary run."""
    return CanaryItem(
        started_at=iso(row.started_at),
        verdict=row.verdict or "running",
        detail=row.detail,
        wait=_seconds(row.wait_seconds),
        seconds=_seconds(row.seconds),
    )


def _seconds(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.0f} s" if value < 120 else f"{value / 60:.0f} min"
