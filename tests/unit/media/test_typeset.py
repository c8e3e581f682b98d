"""Text in type."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from cogvid_pipeline.media.typeset import fit, readable, sans, serif, shorten, wrap

CHINESE = (
    "成都的夜市，灯光照在湿漉漉的石板路上。一只穿着黄色雨衣的红狐狸（抖落雨水），"
    "从最后一班列车上走下来；“它抬头看了看。”"
)
ENGLISH = "A red fox in a yellow raincoat steps off the last train in Chengdu, and looks up."


def test_words_stay_whole() -> None:
    lines = wrap(ENGLISH, serif(40), 500)

    assert len(lines) > 2
    assert " ".join(lines) == ENGLISH
    assert all(serif(40).getlength(line) <= 500 for line in lines)


def test_chinese_breaks_anywhere_but_before_closing_and_after_opening_marks() -> None:
    for width in range(120, 800, 13):
        lines = wrap(CHINESE, serif(40), width)

        assert "".join(lines) == CHINESE
        assert not any(line[0] in "，。；）”" for line in lines)
        assert not any(line[-1] in "（“" for line in lines[:-1])


def test_chinese_and_latin_may_part() -> None:
    assert wrap("城市35mm", serif(40), 130) == ("城市", "35mm")


def test_hyphens_and_slashes_are_places_to_break_but_dashes_stay_together() -> None:
    assert wrap("night-market", serif(40), 150) == ("night-", "market")
    assert wrap("灯——灯", serif(40), 90) == ("灯", "——", "灯")


def test_a_word_wider_than_a_line_is_broken() -> None:
    lines = wrap("x" * 200, sans(20), 300)

    assert "".join(lines) == "x" * 200
    assert all(sans(20).getlength(line) <= 300 for line in lines)


def test_paragraphs_begin_new_lines() -> None:
    assert wrap("one\ntwo", sans(20), 300) == ("one", "two")


@pytest.mark.parametrize("text", [ENGLISH * 6, CHINESE * 8, "x" * 512, "长" * 512])
def test_a_prompt_of_512_characters_fits(text: str) -> None:
    setting = fit(text[:512], serif, (1500, 680), range(20, 80))

    assert setting.height <= 680
    assert setting.font.size >= 30
    assert "…" not in setting.lines[-1][-1]


def test_short_text_is_set_in_the_largest_size() -> None:
    assert fit("The lantern sways.", serif, (1500, 680), range(20, 81)).font.size == 80


def test_lines_are_about_equally_long() -> None:
    setting = fit("one two three four five six seven eight nine", serif, (700, 400), range(40, 41))
    widths = [setting.font.getlength(line) for line in setting.lines]

    assert len(widths) == 2
    assert min(widths) > 0.75 * max(widths)


def test_what_does_not_fit_in_the_smallest_size_is_cut_off() -> None:
    setting = fit(ENGLISH * 40, sans, (300, 100), range(20, 30))

    assert setting.font.size == 20
    assert setting.height <= 100
    assert setting.lines[-1].endswith("…")


def test_controls_overrides_and_stacked_marks_are_taken_out() -> None:
    hostile = "a\x00\x1b[31mb\u202ec\u2066d\u200be\ufefff\ud800g\u0301\u0301\u0301\ue000h"

    assert readable(hostile) == "a[31mbcdefǵh"


def test_all_kinds_of_space_are_one_space_and_empty_lines_go() -> None:
    assert readable(" a\t\u3000b\u00a0 c \n\n \r\n d\u2028e ") == "a b c\nd e"


def test_a_line_is_shortened_to_its_room() -> None:
    font = sans(20)

    assert shorten("arrival", font, 200) == "arrival"
    assert shorten("a\nb", font, 200) == "a b"
    short = shorten("skyline.dusk-clear-and-more-of-it", font, 200)
    assert short.startswith("skyline.d")
    assert short.endswith("…")
    assert font.getlength(short) <= 200
    assert shorten("arrival", font, 1) == "…"


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=512))
def test_any_text_can_be_set_and_stays_in_its_box(text: str) -> None:
    setting = fit(text, serif, (220, 90), range(8, 30))
    canvas = Image.new("L", (300, 200))

    setting.draw(ImageDraw.Draw(canvas), (10, 10), "white")

    assert setting.height <= 90
    assert all(setting.font.getlength(line) <= 220 or len(line) == 1 for line in setting.lines)
