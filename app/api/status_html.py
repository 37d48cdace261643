"""The status page as one HTML document: no script, nothing loaded, readable on a phone."""

from base64 import b64encode
from hashlib import sha256
from html import escape

from app.api.status_words import SIGNS, WORDS
from app.domain.day_bars import bar_parts, bar_words, day_text, kind_of, percent, view_box
from app.domain.glance import Bar
from app.domain.public_status import PublicService, PublicStatus

STYLE = """
:root { color-scheme: light dark; --text: #1c2024; --muted: #60646c; --line: #d9d9e0;
  --page: #fcfcfd; --card: #fff; --up: #2b9a66; --degraded: #d98e00; --partly: #e5702a;
  --maintenance: #0d74ce; --authorisation_needed: #c05200; --down: #dc3e42; --unknown: #8b8d98;
  --none: #b9bbc6; }
@media (prefers-color-scheme: dark) {
  :root { --text: #edeef0; --muted: #b0b4ba; --line: #363a3f; --page: #111113; --card: #18191b; }
}
body { margin: 0; background: var(--page); color: var(--text);
  font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; padding: 2rem 1rem 3rem; }
h1 { margin: 0; font-size: 1.6rem; }
h2 { margin: 0; font-size: 1.05rem; overflow-wrap: anywhere; }
p { margin: .3rem 0 0; }
ul { list-style: none; margin: 1.5rem 0 0; padding: 0; display: grid; gap: .8rem; }
li { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 1rem; }
.head { display: flex; flex-wrap: wrap; justify-content: space-between; gap: .3rem 1rem; }
.state { font-weight: 600; white-space: nowrap; }
.state i { display: inline-block; width: 1.4em; margin-right: .4em; border-radius: 4px;
  text-align: center; font-style: normal; border: 1px solid currentcolor; }
.muted, summary { color: var(--muted); font-size: .875rem; }
svg { display: block; width: 100%; height: 24px; margin: .7rem 0 .3rem; }
table { border-collapse: collapse; margin-top: .5rem; font-size: .875rem;
  font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .2rem 1.2rem .2rem 0; font-weight: 400; }
thead th { color: var(--muted); }
.day-up { fill: var(--up); } .day-degraded { fill: var(--degraded); }
.day-partly { fill: var(--partly); } .day-maintenance { fill: var(--maintenance); }
.day-authorisation_needed { fill: var(--authorisation_needed); } .day-down { fill: var(--down); }
.day-unknown { fill: var(--unknown); } .day-none { fill: var(--none); }
"""
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; "
    f"style-src 'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}'"
)

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{summary} · Status of imputation services</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>Status of imputation services</h1>
<p>{summary}</p>
<p class="muted">As of <time datetime="{iso}">{at}</time>. Reload the page to
see what has changed since.</p>
{services}
</main>
</body>
</html>
"""


def status_html(seen: PublicStatus) -> str:
    """The whole document."""
    total = len(seen.services)
    listed = "".join(_service(service) for service in seen.services)
    return PAGE.format(
        style=STYLE,
        summary=f"{seen.available} of {total} services are available"
        if total
        else "There are no services yet",
        iso=seen.at.isoformat(timespec="seconds"),
        at=f"{day_text(seen.at)}, {seen.at:%H:%M:%S} UTC",
        services=f"<ul>{listed}</ul>" if total else "",
    )


def _service(service: PublicService) -> str:
    since = ""
    if service.since is not None:
        since = f", since {day_text(service.since)}, {service.since:%H:%M} UTC"
    kind = " (simulation)" if service.is_simulation else ""
    facts = [f"{percent(service.uptime)} up in {len(service.bars)} days"]
    if service.p50_ms is not None:
        facts.append(f"answers in {service.p50_ms:.0f} ms (median of 24 hours)")
    if service.queued is not None:
        trend = f", {service.queue_trend}" if service.queue_trend else ""
        facts.append(f"{service.queued} runs in its queue{trend}")
    return (
        f'<li><div class="head"><h2>{escape(service.name)}{kind}</h2>'
        f'<span class="state"><i aria-hidden="true">{SIGNS[service.health]}</i>'
        f"{WORDS[service.health]}</span></div>"
        f'<p class="muted">{escape(service.place)}{since}</p>'
        f"{_bar(service)}"
        f'<p class="muted">{" · ".join(facts)}</p>{_days(service)}</li>'
    )


def _bar(service: PublicService) -> str:
    words = bar_words(service, days=len(service.bars))
    paths = "".join(
        f'<path class="day-{part["kind"]}" d="{part["path"]}"/>' for part in bar_parts(service.bars)
    )
    return (
        f'<svg viewBox="{view_box(len(service.bars))}" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(words, quote=True)}">{paths}</svg>'
    )


def _days(service: PublicService) -> str:
    """The days that were not all well, as a table: what it leaves out was up from end to end."""
    told = [bar for bar in reversed(service.bars) if kind_of(bar) not in ("up", "none")]
    untold = sum(bar.worst is None for bar in service.bars)
    rows = "".join(_day(bar) for bar in told)
    rest = f"On {untold} of the days there is no data. " if untold else ""
    listed = (
        "<table><thead><tr><th>Day (UTC)</th><th>Worst state</th><th>Uptime</th></tr></thead>"
        f"<tbody>{rows}</tbody></table>"
    )
    return (
        "<details><summary>The days in words</summary>"
        f'{listed if told else ""}<p class="muted">{rest}It was up on all others.</p></details>'
    )


def _day(bar: Bar) -> str:
    state = WORDS[bar.worst] if bar.worst else "No data"
    return (
        f'<tr><th scope="row">{day_text(bar.starts_at)}</th><td>{state}</td>'
        f"<td>{percent(bar.uptime)}</td></tr>"
    )
