"""The states of a service as visitors read them: a word, and a sign that is not only a colour."""

from collections.abc import Mapping

from app.domain.health import Health

WORDS: Mapping[Health, str] = {
    Health.UP: "Up",
    Health.DEGRADED: "Degraded",
    Health.STALLED: "Stalled",
    Health.AUTHORISATION_NEEDED: "Authorisation needed",
    Health.MAINTENANCE: "Maintenance",
    Health.DOWN: "Down",
    Health.UNKNOWN: "Not known",
}
SIGNS: Mapping[Health, str] = {
    Health.UP: "✓",
    Health.DEGRADED: "!",
    Health.STALLED: "‖",
    Health.AUTHORISATION_NEEDED: "!",
    Health.MAINTENANCE: "⚒",
    Health.DOWN: "✕",
    Health.UNKNOWN: "?",
}
