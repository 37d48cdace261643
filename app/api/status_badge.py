"""A small picture with a few words, to put on other pages of the intranet."""

from html import escape

from app.api.status_words import WORDS
from app.domain.public_status import PublicService, PublicStatus

# White text on each of these has a contrast of at least 4.5.
GREEN, AMBER, RED, GRAY, LABEL = "#1a7f37", "#8a5a00", "#c01c28", "#5c6370", "#2d333b"
COLOURS = {"up": GREEN, "degraded": AMBER, "stalled": AMBER, "authorisation_needed": AMBER}
COLOURS |= {"maintenance": GRAY, "unknown": GRAY, "down": RED}
LONGEST = 40
CHARACTER = 6.6
MARGIN = 8


def badge_of_all(seen: PublicStatus) -> str:
    """How many services are available."""
    total = len(seen.services)
    if not total:
        return _drawn("services", "none", GRAY)
    colour = GREEN if seen.available == total else AMBER if seen.available else RED
    return _drawn("services", f"{seen.available} of {total} available", colour)


def badge_of_one(service: PublicService) -> str:
    """How a service is."""
    return _drawn(service.name, WORDS[service.health].lower(), COLOURS[service.health])


def _drawn(label: str, value: str, colour: str) -> str:
    label = label if len(label) <= LONGEST else f"{label[: LONGEST - 1]}…"
    left, right = (round(len(part) * CHARACTER) + 2 * MARGIN for part in (label, value))
    said = escape(f"{label}: {value}", quote=True)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" '
        f'aria-label="{said}"><title>{said}</title>'
        f'<clipPath id="r"><rect width="{left + right}" height="20" rx="4"/></clipPath>'
        f'<g clip-path="url(#r)"><rect width="{left}" height="20" fill="{LABEL}"/>'
        f'<rect x="{left}" width="{right}" height="20" fill="{colour}"/></g>'
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" '
        'text-anchor="middle">'
        f'<text x="{left / 2}" y="14" textLength="{left - 2 * MARGIN}">{escape(label)}</text>'
        f'<text x="{left + right / 2}" y="14" textLength="{right - 2 * MARGIN}">{escape(value)}'
        "</text></g></svg>"
    )
