"""Where output goes."""

import io

import click
import pytest

from cogvid_pipeline.cli.streams import GuardedStream, paint_for, unguarded
from cogvid_pipeline.report.paint import ansi, plain


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_has_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")

    assert paint_for(Screen()) is ansi
    assert paint_for(io.StringIO()) is plain


@pytest.mark.parametrize(
    ("name", "value", "paint"), [("NO_COLOR", "1", plain), ("NO_COLOR", "", ansi), ("TERM", "dumb", plain)]
)
def test_who_wants_no_colours_gets_none(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, paint: object
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv(name, value)

    assert paint_for(Screen()) is paint


def test_a_guarded_stream_breaks_up_commands_line_by_line() -> None:
    log = io.StringIO()
    stream = GuardedStream(log)

    for text in ("begun ", "::error::a", "\n", "", "::error::b\n", "  "):
        assert stream.write(text) == len(text)
    stream.writelines(["##[error]c\n", "::error::d"])

    assert log.getvalue() == "begun ::error::a\n\\x3a:error::b\n  \\x23#[error]c\n\\x3a:error::d"


def test_click_prints_through_a_guarded_stream() -> None:
    log = io.StringIO()
    stream = GuardedStream(log)

    click.echo("::error::a", file=stream)
    click.echo("::error::b", file=unguarded(stream))

    assert log.getvalue() == "\\x3a:error::a\n::error::b\n"
    assert unguarded(log) is log


def test_a_guarded_stream_is_in_all_else_the_stream_behind_it() -> None:
    stream = GuardedStream(Screen())

    assert stream.isatty()
    assert not stream.closed
