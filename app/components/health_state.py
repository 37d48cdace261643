"""The states of a service where a bar stands for time: a colour and a pattern and a word each."""

from app.components.status import HEALTH_STATES

NO_DATA = "no_data"
# From the bottom of a stacked bar to its top.
STACKED = (
    "up",
    "degraded",
    "stalled",
    "authorisation_needed",
    "maintenance",
    "down",
    "unknown",
)
WORDS = {
    **{state: HEALTH_STATES[state][0] for state in STACKED},
    "unknown": "Unknown",
    NO_DATA: "No data",
}
# Plotly's patterns of bars, so that no state is told by its colour alone.
PATTERNS = ("", "/", "\\", "x", "-", "+", ".", "")
# At least 3:1 against the ground of their theme, and apart in lightness for who sees few colours.
LIGHT = ("#2b9a66", "#b45309", "#8e4ec6", "#c2410c", "#0877c9", "#b3152b", "#80838d", "#e0e1e6")
DARK = ("#33b074", "#ffca16", "#bf7af0", "#ff9a45", "#70b8ff", "#ff6369", "#8b8d98", "#303338")
