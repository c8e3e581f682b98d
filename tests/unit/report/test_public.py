"""Text that is shown to people who must not learn secrets from it."""

import pytest

from cogvid_pipeline.report.public import public


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://static.example.com/a.mp4?X-Amz-Signature=abc", "https://static.example.com/a.mp4?…"),
        ("see https://user:secret@example.com/a and b", "see https://example.com/a and b"),
        ("s3://bucket/key#token=abc is there", "s3://bucket/key?… is there"),
        ("“https://example.com/a?b=c”", "“https://example.com/a?…"),
        ("Who? And where?", "Who? And where?"),
        ("https://example.com/plain", "https://example.com/plain"),
    ],
)
def test_what_may_be_secret_in_an_address_is_left_out(text: str, shown: str) -> None:
    assert public(text) == shown


def test_lines_stay_and_what_is_invisible_is_written_out() -> None:
    assert public("one\r\ntwo\u202e\nthree\x1b") == "one\ntwo\\u202e\nthree\\x1b"
