"""What a job's quality control counted: a chart, the same as a table and a file, in plain words."""

from typing import Any, TypedDict

import reflex as rx

from app.components.frame import fact, facts, section
from app.components.table import column, table
from app.domain.job_details import JobDetail
from app.domain.qc_findings import findings_of
from app.domain.qc_statistics import QcStatistics, kept_and_excluded
from app.pages.service_charts import chart, download

# Kept and left out: apart in lightness, and one of them hatched.
LIGHT = ("#2b9a66", "#b45309")
DARK = ("#33b074", "#ffca16")
KEPT = "Kept"
BAR = 26


class FindingItem(TypedDict):
    """Something that stands out."""

    text: str
    is_grave: bool


class QualityRow(TypedDict):
    """Sites of one kind."""

    title: str
    count: str
    share: str


class ChunkRow(TypedDict):
    """A part of a chromosome that was left out."""

    region: str
    sites: str
    overlap: str
    samples: str


class ReasonRow(TypedDict):
    """Sites that the service's own lists name for a reason, and on which chromosomes."""

    title: str
    count: str
    places: str


class JobQualityState(rx.State):
    """The statistics of the job in the URL; empty where its service told none."""

    figure: dict[str, Any] = {}
    height: str = ""
    facts: list[tuple[str, str]] = []
    findings: list[FindingItem] = []
    rows: list[QualityRow] = []
    reasons: list[ReasonRow] = []
    chunks: list[ChunkRow] = []
    csv: str = ""


def show_quality(state: JobQualityState, detail: JobDetail) -> None:
    """Show a job's statistics."""
    known = detail.quality
    sites = kept_and_excluded(known) if known else []
    state.figure = _figure(sites) if sites else {}
    state.height = f"{60 + BAR * len(sites)}px"
    state.facts = _facts(known) if known else []
    found = findings_of(known) if known else []
    state.findings = [FindingItem(text=one.text, is_grave=one.is_grave) for one in found]
    # Before the server has told what remains, nothing can be said of shares.
    is_whole = known is not None and known.remaining is not None
    total = sum(count for _title, count in sites) if is_whole else 0
    state.rows = [
        QualityRow(title=title, count=f"{count:,}", share=f"{count / total:.1%}" if total else "–")
        for title, count in sites
    ]
    state.reasons = _reason_rows(known) if known else []
    state.chunks = [_chunk_row(chunk) for chunk in known.excluded_chunks] if known else []
    state.csv = f"/api/jobs/{detail.row.ref}/quality.csv" if known else ""


def _facts(one: QcStatistics) -> list[tuple[str, str]]:
    told = (
        ("Overlap with the panel", None if one.overlap is None else f"{one.overlap:g} %"),
        ("Samples", _number(one.samples)),
        ("Variants sent", _number(one.variants)),
        ("Chromosomes", " ".join(one.chromosomes)),
        ("Chunks", _number(one.chunks)),
        ("Chunks left out", _number(one.chunks_excluded or None)),
        ("Match the panel", _number(one.match)),
        ("Allele switches", _number(one.allele_switch or None)),
        ("A/T and C/G", _number(one.ambiguous or None)),
        ("ALT more frequent than REF", _number(one.frequent_alternative)),
        ("Data", one.data_type),
        ("Build", one.build),
        ("Population", one.population),
        ("Phasing", one.phasing),
    )
    return [(title, value) for title, value in told if value]


def _reason_rows(one: QcStatistics) -> list[ReasonRow]:
    return [
        ReasonRow(
            title=reason,
            count=f"{sum(places.values()):,}",
            places=" · ".join(f"{place}: {count:,}" for place, count in places.items()),
        )
        for reason, places in one.by_chromosome.items()
    ]


def _number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


def _chunk_row(chunk: Any) -> ChunkRow:
    overlap = chunk["overlap"]
    return ChunkRow(
        region=chunk["region"],
        sites=f"{chunk['snps']:,}",
        overlap="–" if overlap is None else f"{overlap:g} %",
        samples=f"{chunk['low_samples']:,}",
    )


def _figure(sites: list[tuple[str, int]]) -> dict[str, Any]:
    """Bars in the order of the table; by powers of ten, because a few sites matter too."""
    kept = [(title, count) for title, count in sites if title.startswith(KEPT)]
    others = [(title, count) for title, count in sites if not title.startswith(KEPT)]
    return {
        "data": [_bars("Kept", kept, ""), _bars("Left out", others, "/")],
        "layout": {
            "margin": {"l": 10, "r": 40, "t": 4, "b": 40},
            "showlegend": False,
            "barmode": "overlay",
            "bargap": 0.3,
            "xaxis": {"type": "log", "dtick": 1, "fixedrange": True, "title": {"text": "Sites"}},
            "yaxis": {
                "autorange": "reversed",
                "automargin": True,
                "fixedrange": True,
                "categoryorder": "array",
                "categoryarray": [title for title, _count in sites],
            },
        },
    }


def _bars(name: str, sites: list[tuple[str, int]], pattern: str) -> dict[str, Any]:
    return {
        "type": "bar",
        "orientation": "h",
        "name": name,
        "y": [title for title, _count in sites],
        "x": [count for _title, count in sites],
        "text": [f"{count:,}" for _title, count in sites],
        "textposition": "auto",
        "hovertemplate": "%{y}: %{text}<extra></extra>",
        "marker": {"pattern": {"shape": pattern}},
    }


def job_quality() -> rx.Component:
    """The section, where there are statistics; only then the chart's program is loaded."""
    state = JobQualityState
    drawn = chart(
        state.figure,
        "Chart of sites kept and left out",
        light=LIGHT,
        dark=DARK,
        height=state.height,
    )
    sites = table(
        "Sites kept and left out",
        ("Sites", column("Number", align="right"), column("Share", align="right")),
        rx.foreach(state.rows, _row),
        in_card=True,
    )
    beside = rx.el.div(drawn, sites, class_name="quality")
    return rx.cond(
        state.csv,
        section(
            "Quality control at the service",
            rx.el.div(
                rx.cond(state.findings, _findings()),
                facts(rx.foreach(state.facts, lambda pair: fact(pair[0], pair[1]))),
                rx.cond(state.rows, beside),
                rx.cond(state.reasons, _reasons()),
                rx.cond(state.chunks, _chunks()),
                class_name="stack",
            ),
            action=download(state.csv, "CSV: quality control"),
        ),
    )


def _findings() -> rx.Component:
    return rx.el.ul(rx.foreach(JobQualityState.findings, _finding), class_name="findings")


def _finding(item: rx.Var[FindingItem]) -> rx.Component:
    return rx.el.li(
        rx.cond(
            item.is_grave,
            rx.icon("triangle-alert", size=16, color="var(--amber-11)", aria_label="Important"),
            rx.icon("info", size=16, color="var(--gray-11)", aria_label="Note"),
        ),
        rx.el.span(item.text),
    )


def _reasons() -> rx.Component:
    columns = ("Reason", column("Sites", align="right"), "Sites by chromosome")
    rows = rx.foreach(JobQualityState.reasons, _reason)
    return _folded("By reason and chromosome", columns, rows)


def _chunks() -> rx.Component:
    columns = (
        "Region",
        column("Sites", align="right"),
        column("Overlap", align="right"),
        column("Samples with a low call rate", align="right"),
    )
    rows = rx.foreach(JobQualityState.chunks, _chunk)
    return _folded("Regions that were left out", columns, rows)


def _folded(title: str, columns: tuple[Any, ...], rows: rx.Component) -> rx.Component:
    return rx.el.details(
        rx.el.summary(title, class_name="summary"), table(title, columns, rows, in_card=True)
    )


def _reason(row: rx.Var[ReasonRow]) -> rx.Component:
    return rx.table.row(
        rx.table.row_header_cell(row.title),
        rx.table.cell(row.count, align="right"),
        rx.table.cell(row.places, overflow_wrap="anywhere"),
    )


def _row(row: rx.Var[QualityRow]) -> rx.Component:
    return rx.table.row(
        rx.table.row_header_cell(row.title),
        rx.table.cell(row.count, align="right"),
        rx.table.cell(row.share, align="right"),
    )


def _chunk(row: rx.Var[ChunkRow]) -> rx.Component:
    return rx.table.row(
        rx.table.row_header_cell(row.region),
        rx.table.cell(row.sites, align="right"),
        rx.table.cell(row.overlap, align="right"),
        rx.table.cell(row.samples, align="right"),
    )
