"""What a plan says of a change in how images are made to fit."""

from dataclasses import replace

import pytest

from cogvid_pipeline.model.plan import Change
from cogvid_pipeline.model.shot import Fit, ImageFile
from cogvid_pipeline.plan.changes import changes_between
from cogvid_pipeline.plan.storydiff import compare
from cogvid_pipeline.report.changes import change_text
from cogvid_pipeline.report.storydiff import difference_text
from tests.boards import shot, storyboard

ONE, TWO = "sha256:" + "1" * 64, "sha256:" + "2" * 64
CROP, PAD = "fit:crop:1920x1080:", "fit:pad:1920x1080:"


def changed(before: list[str | None], after: list[str | None]) -> list[tuple[str, str | None, str | None]]:
    changes = changes_between({"model": "a", "image": before}, {"model": "a", "image": after}, {})
    return [(change.path, change.before, change.after) for change in changes]


def test_the_fit_of_an_image_changes_apart_from_the_image() -> None:
    assert changed([ONE], [CROP + ONE]) == [("fit.0", None, "crop")]
    assert changed([CROP + ONE], [ONE]) == [("fit.0", "crop", None)]
    assert changed([ONE, CROP + ONE], [ONE, PAD + ONE]) == [("fit.1", "crop", "pad")]
    assert changed([CROP + ONE], [CROP + TWO]) == [("image.0", ONE, TWO)]
    assert changed([CROP + ONE], [PAD + TWO]) == [("fit.0", "crop", "pad"), ("image.0", ONE, TWO)]
    assert changed([CROP + ONE], [CROP + ONE]) == []


def test_an_image_that_is_added_brings_its_fit() -> None:
    assert changed([CROP + ONE], [CROP + ONE, CROP + TWO]) == [
        ("fit.1", None, "crop"),
        ("image.1", None, TWO),
    ]


def test_another_size_is_a_change_of_the_size_alone() -> None:
    before = {"model": "a", "size": "1280x720", "image": [f"fit:crop:1280x720:{ONE}"]}
    after = {"model": "a", "size": "1920x1080", "image": [CROP + ONE]}

    assert changes_between(before, after, {}) == (Change("size", "1280x720", "1920x1080"),)


def test_nothing_is_said_of_the_fit_of_a_frame_that_is_known_after_apply() -> None:
    frame = f"frame:{ONE}:last"

    assert changed([CROP + frame], [None]) == [("image.0", frame, None)]


def test_what_a_lock_may_hold_besides_does_no_harm() -> None:
    assert changed(["fit:", "fit:crop"], [ONE, TWO]) == [
        ("image.0", "fit:", ONE),
        ("image.1", "fit:crop", TWO),
    ]


def test_stories_differ_in_how_a_picture_is_made_to_fit() -> None:
    picture = ImageFile("a.png", ONE, "image/png")
    before, after = (
        replace(shot("walk", size="1920x1080"), images=(image,))
        for image in (picture, replace(picture, fit=Fit("crop", "1920x1080")))
    )

    text = difference_text(compare(storyboard(before), storyboard(after)))

    assert text.startswith('  ~ walk  fit changed\n        fit.0: (none) → "crop"\n\n')


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [(None, "crop", 'fit.0: none → "crop"'), ("pad", None, 'fit.0: "pad" → none')],
)
def test_no_fit_is_none_as_it_is_written(before: str | None, after: str | None, text: str) -> None:
    assert change_text(Change("fit.0", before, after)) == text
