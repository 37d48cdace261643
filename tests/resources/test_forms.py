"""What is typed into a described form reaches the domain as texts, or is refused by name."""

import pytest

from app.domain.errors import Invalid
from app.resources.base import Field
from app.resources.forms import several_in, texts_of

FIELDS = (
    Field("name", "Name", required=True),
    Field("limit", "Limit", "number"),
    Field("until", "Until", "day"),
    Field("is_open", "Open", "tick"),
    Field("roles", "Roles", "several", choices={"viewer": "Viewer", "auditor": "Auditor"}),
    Field("token", "Token", "secret"),
)


def test_every_control_gives_a_text() -> None:
    typed = {"name": " Ada ", "limit": "0.5", "is_open": "on", "token": " x "}
    texts = texts_of(FIELDS, {**typed, "roles.viewer": "on", "roles.auditor": "on", "else": "1"})
    assert several_in(texts.pop("roles")) == ["viewer", "auditor"]
    told = {"name": "Ada", "limit": "0.5", "until": "", "is_open": "yes", "token": " x "}
    assert texts == told, "a secret is kept to the letter"
    assert texts_of(FIELDS, {"name": "Ada"})["is_open"] == ""


@pytest.mark.parametrize(
    ("field", "typed"), [("name", "  "), ("limit", "much"), ("limit", "nan"), ("until", "soon")]
)
def test_what_cannot_be_read_is_refused_with_the_name_of_its_field(field: str, typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        texts_of(FIELDS, {"name": "Ada", field: typed})
    assert refused.value.field == field
