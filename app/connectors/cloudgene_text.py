"""HTML in a Cloudgene's texts, turned into plain text: nothing of its markup goes any further."""

import re
from html.parser import HTMLParser

from app.connectors.answers import plain_text

# What is parsed of a text at all, and what is kept of it.
LONGEST_MARKUP = 20_000
LONGEST_TEXT = 2_000

_BREAKS = frozenset(
    {"blockquote", "br", "div", "dd", "dl", "dt", "hr", "li", "ol", "p", "pre", "section", "tr"}
    | {"h1", "h2", "h3", "h4", "h5", "h6", "table", "ul"}
)
_HIDDEN = frozenset({"script", "style", "template", "title"})
_UNFINISHED = re.compile(r"<[a-zA-Z/!?][^<>]*\Z")
# Markup that was escaped once too often; not <DEL> or <INS>, which VCF files speak of.
_ESCAPED = re.compile(
    r"</?(?:a|b|br|code|div|em|font|form|h[1-6]|i|iframe|img|input|li|link|meta|object|ol|p|pre|"
    r"script|small|span|strong|style|svg|table|td|th|tr|u|ul)\b[^<>]*>",
    re.IGNORECASE,
)


def plain(markup: object, *, longest: int = LONGEST_TEXT) -> str:
    """The text of an HTML fragment with its line breaks; "" for anything that is no text.

    Entities are decoded, scripts and styles left out. A longer text is cut, with an ellipsis.
    """
    if not isinstance(markup, str):
        return ""
    text = markup[:LONGEST_MARKUP]
    if "<" in text or "&" in text:
        text = _without_markup(text)
    for _ in range(3):
        if not _ESCAPED.search(text):
            break
        text = _without_markup(text)
    lines = (" ".join(line.split()) for line in plain_text(text).split("\n"))
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def line(markup: object, *, longest: int = 200) -> str:
    """As `plain`, in one line."""
    return " ".join(plain(markup, longest=longest).split())


def _without_markup(text: str) -> str:
    reader = _Reader()
    reader.feed(_UNFINISHED.sub("", text))
    reader.close()
    return "".join(reader.parts)


class _Reader(HTMLParser):
    """Gathers the text between tags."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag opens."""
        if tag in _HIDDEN:
            self._hidden += 1
        elif tag in _BREAKS:
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        """A tag closes."""
        if tag in _HIDDEN:
            self._hidden = max(0, self._hidden - 1)
        elif tag in _BREAKS and tag != "br":
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        """Text between tags."""
        if not self._hidden:
            self.parts.append(data)
