"""A run log of any length is read in little memory: its long texts lose their beginnings."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.connectors import bodies
from app.connectors.bodies import LEFT_OUT, ShortenedTexts

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def fed(data: bytes, sizes: list[int]) -> Any:
    """The JSON that comes out when its bytes come in pieces of these sizes, again and again."""
    texts, kept, at, turn = ShortenedTexts(), b"", 0, 0
    while at < len(data):
        size = sizes[turn % len(sizes)]
        kept += texts.feed(data[at : at + size])
        at, turn = at + size, turn + 1
    return json.loads(kept)


@given(value=JSON, sizes=st.lists(st.integers(1, 9), min_size=1), escaped=st.booleans())
def test_json_without_long_texts_comes_through_as_it_is(
    value: Any, sizes: list[int], escaped: bool
) -> None:
    data = json.dumps(value, ensure_ascii=escaped).encode("utf-8", "surrogatepass")
    assert fed(data, sizes) == value


@pytest.mark.parametrize(
    "part", ["x", "\\", '\\\\"', "\n", "é", "😀", '"', "a\\n\u2028"], ids=ascii
)
@pytest.mark.parametrize("escaped", [True, False])
def test_a_long_text_keeps_its_end_whatever_it_is_made_of(
    part: str, escaped: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "LONGEST_TEXT", 1000)
    monkeypatch.setattr(bodies, "PIECE", 100)
    whole = part * 3000 + "the end"
    data = json.dumps({"a": whole, "b": [1, "two"]}, ensure_ascii=escaped).encode()
    for size in (1, 7, 64, 100_000):
        found = fed(data, [size])
        assert found["b"] == [1, "two"]
        assert found["a"].startswith(LEFT_OUT)
        assert found["a"].endswith("the end")
        # Half a character may stand at the cut; `json_of` replaces it.
        assert len(found["a"].encode("utf-8", "replace")) < 2500
