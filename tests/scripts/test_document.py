"""Every setting is documented, and the document says what the code does."""

from app.config import Settings
from scripts import document


def test_every_setting_says_what_it_means() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_the_configuration_document_is_the_one_made_from_the_settings() -> None:
    assert document.TARGET.read_text() == document.table(), "run python -m scripts.document"
