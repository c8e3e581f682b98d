"""Texts compared word by word."""

import pytest

from cogvid_pipeline.report.worddiff import Piece, shortened, word_diff


def marked(pieces: tuple[Piece, ...] | None) -> str:
    """The pieces as git writes them."""
    forms = {"same": "{}", "removed": "[-{}-]", "added": "{{+{}+}}"}
    return "(too different)" if pieces is None else "".join(forms[p.kind].format(p.text) for p in pieces)


@pytest.mark.parametrize(
    ("before", "after", "diff"),
    [
        ("A cat plays.", "A lion plays.", "A [-cat-]{+lion+} plays."),
        ("The fox walks.", "The red fox walks.", "The {+red +}fox walks."),
        ("The red fox walks.", "The fox walks.", "The [-red -]fox walks."),
        ("a red fox in snow", "a blue cat in snow", "a [-red fox-]{+blue cat+} in snow"),
        ("in rain, at night", "in rain; at night", "in rain[-,-]{+;+} at night"),
        ("low-angle shot, dusk", "high-angle shot, dusk", "[-low-]{+high+}-angle shot, dusk"),
        ("35mm at dusk", "50mm at dusk", "[-35mm-]{+50mm+} at dusk"),
        ("一只红色的狐狸走下火车。", "一只蓝色的狐狸走下火车。", "一只[-红-]{+蓝+}色的狐狸走下火车。"),
        ("狐狸跑下班火车。", "狐狸跑下班火车，下雨了。", "狐狸跑下班火车{+，下雨了+}。"),
        ("夜市里的キツネが走る", "夜市里的キツネが歩く", "夜市里的キツネが[-走る-]{+歩く+}"),
        ("35mm镜头，霓虹灯", "50mm镜头，霓虹灯", "[-35mm-]{+50mm+}镜头，霓虹灯"),
        ("여우가 밤시장을 걷는다", "여우가 밤시장을 달린다", "여우가 밤시장을 [-걷는다-]{+달린다+}"),
        ("a naïve fox here", "a naïf fox here", "a [-naïve-]{+naïf+} fox here"),
        ("so it rains\there", "so it rains here", "so it rains[-\t-]{+ +}here"),
        ("the end", "the end.", "the end{+.+}"),
        ("A cat plays.", "An owl sleeps.", "(too different)"),
        ("", "A cat plays.", "(too different)"),
    ],
)
def test_each_change_is_as_small_as_it_can_be_read(before: str, after: str, diff: str) -> None:
    assert marked(word_diff(before, after)) == diff


def test_a_sign_between_two_changes_belongs_to_both() -> None:
    assert marked(word_diff("x one two y z z", "x eins zwei y z z")) == "x [-one two-]{+eins zwei+} y z z"
    assert marked(word_diff("x a, b y z z", "x c, d y z z")) == "x [-a, b-]{+c, d+} y z z"


@pytest.mark.parametrize("before", ["The fox walks.", "一只狐狸", "", " a  b "])
@pytest.mark.parametrize("after", ["The fox runs.", "两只狐狸", "", "a b "])
def test_the_pieces_are_the_texts(before: str, after: str) -> None:
    pieces = word_diff(before, after)

    if pieces is not None:
        assert "".join(piece.text for piece in pieces if piece.kind != "added") == before
        assert "".join(piece.text for piece in pieces if piece.kind != "removed") == after


def test_what_is_the_same_is_cut_to_what_stands_beside_a_change() -> None:
    middle = "m" * 50 + " " + "n" * 50
    pieces = word_diff(f"{'a' * 60} old {middle} old {'z' * 60}", f"{'a' * 60} new {middle} new {'z' * 60}")

    assert pieces is not None
    assert marked(shortened(pieces)) == (
        f"…{'a' * 39} [-old-]{{+new+}} {'m' * 39}…{'n' * 39} [-old-]{{+new+}} {'z' * 39}…"
    )


def test_what_is_short_is_not_cut() -> None:
    pieces = word_diff("a short text", "a very short text")

    assert pieces is not None
    assert shortened(pieces) == pieces


def test_texts_that_would_take_long_to_compare_are_not() -> None:
    before, after = "a b " * 20_000 + "x", "b a " * 20_000 + "y"

    assert word_diff(before, after) is None
