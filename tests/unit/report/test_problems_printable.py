"""Text that is fit for a terminal."""

import pytest

from cogvid_pipeline.report.printable import display_width, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("成都的夜市，霓虹灯。", "成都的夜市，霓虹灯。"),
        ("full\u3000width", "full\u3000width"),
        ("fox 🦊 ❤\ufe0f", "fox 🦊 ❤\ufe0f"),
        ("family 👨\u200d👩\u200d👧", "family 👨\u200d👩\u200d👧"),
        ("zero\u200dwidth", "zero\\u200dwidth"),
        ("\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        ("a\nb\r\nc\td", "a\\nb\\r\\nc\\td"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("a\u200bb\u2066c\ufeff", "a\\u200bb\\u2066c\\ufeff"),
        ("a\u2028b\u2029c\x85d", "a\\u2028b\\u2029c\\x85d"),
        ("tag \U000e0041", "tag \\U000e0041"),
        ("half \ud83e", "half \\ud83e"),
        ("\x9b31m", "\\x9b31m"),
    ],
)
def test_what_is_hidden_becomes_visible_and_the_rest_stays(text: str, shown: str) -> None:
    assert printable(text) == shown


@pytest.mark.parametrize(
    ("text", "columns"),
    [("fox", 3), ("夜市", 4), ("🦊", 2), ("e\u0301", 1), ("ｆｏｘ", 6), ("", 0), ("👩\u200d🚀", 4)],
)
def test_the_width_is_that_of_a_terminal(text: str, columns: int) -> None:
    assert display_width(text) == columns
