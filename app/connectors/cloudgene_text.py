"""HTML in a Cloudgene's texts, turned into plain text: nothing of its markup goes any further."""

import html
import re

from app.connectors.answers import plain_text

# What is parsed of a text at all, and what is kept of it.
LONGEST_MARKUP = 8_000
LONGEST_TEXT = 2_000

_BREAKS = frozenset(
    {"blockquote", "br", "div", "dd", "dl", "dt", "hr", "li", "ol", "p", "pre", "section", "tr"}
    | {"h1", "h2", "h3", "h4", "h5", "h6", "table", "ul"}
)
# Elements whose content is not text, with where each ends.
_HIDDEN = {
    name: re.compile(f"</{name}", re.IGNORECASE)
    for name in ("script", "style", "template", "title")
}
# A tag, the beginning of a comment, a document type or a processing instruction.
_MARK = re.compile(
    r"<(?:(?P<comment>!--)|(?P<end>/?)(?P<name>[a-zA-Z][a-zA-Z0-9:-]*+)[^<>]*+(?:>|\Z)"
    r"|[/!?][^<>]*+(?:>|\Z))"
)
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
    """The text between tags, in time that grows with its length only, whatever it is.

    The standard library's parser takes a minute for 20 KB of beginnings of tags.
    """
    parts: list[str] = []
    at = 0
    while mark := _MARK.search(text, at):
        parts.append(text[at : mark.start()])
        name, at = (mark["name"] or "").lower(), mark.end()
        if mark["comment"]:
            at = text.find("-->", at) + 3 if "-->" in text[at:] else len(text)
        elif name in _BREAKS:
            parts.append("\n")
        elif name in _HIDDEN and not mark["end"]:
            end = _HIDDEN[name].search(text, at)
            at = end.start() if end else len(text)
    parts.append(text[at:])
    return html.unescape("".join(parts))
