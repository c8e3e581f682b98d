"""The resolved shots as text and as data."""

from dataclasses import replace

import pytest

from cogvid_pipeline.model.shot import Fit, Image, ImageData, ImageFile, ImageUrl, ShotFrame
from cogvid_pipeline.report.storyboard import describe_image, storyboard_document, storyboard_text
from tests.boards import shot, storyboard

DATA = ImageData(f"sha256:{'0123456789abcdef' * 4}", "image/png", b"png")


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (ImageFile("frames/a.png", "sha256:0", "image/png"), "frames/a.png"),
        (ImageUrl("https://example.com/a.png"), "https://example.com/a.png"),
        (DATA, "image/png written in the manifest (sha256:0123456789ab…)"),
        (ShotFrame("walk", "last"), "the last frame of walk"),
        (ShotFrame("walk", 2.0), "the frame of walk at 2 s"),
        (ShotFrame("walk", 0.25), "the frame of walk at 0.25 s"),
        (ShotFrame("walk", "first", 2), "the first frame of walk@2"),
        (
            ImageFile("frames/a.png", "sha256:0", "image/png", Fit("crop", "1920x1080")),
            "frames/a.png, cropped to 1920x1080",
        ),
        (ShotFrame("walk", "last", fit=Fit("pad", "720x1280")), "the last frame of walk, padded to 720x1280"),
    ],
)
def test_a_picture_in_words(image: Image, words: str) -> None:
    assert describe_image(image) == words


def test_each_shot_is_a_paragraph_with_one_field_a_line() -> None:
    walk = replace(
        shot("walk", "The fox\x1b walks.", with_audio=True, quality="speed", fps=60),
        images=(ShotFrame("arrival", "last"), DATA),
        tags=("hero", "night"),
        takes=3,
        pick=2,
        depends_on=("arrival", "still"),
        protect=True,
    )
    still = replace(shot("still", ""), images=(ImageUrl("https://example.com/a.png"),))

    assert storyboard_text([walk, still]) == (
        "walk\n"
        "  model       cogvideox-3\n"
        "  prompt      The fox\\x1b walks.\n"
        "  image       the last frame of arrival\n"
        "  image       image/png written in the manifest (sha256:0123456789ab…)\n"
        "  with_audio  true\n"
        "  quality     speed\n"
        "  fps         60\n"
        "  takes       3\n"
        "  pick        2\n"
        "  depends_on  arrival, still\n"
        "  protect     true\n"
        "  tags        hero, night\n"
        "\n"
        "still\n"
        "  model  cogvideox-3\n"
        "  image  https://example.com/a.png\n"
    )


def test_a_document_has_what_was_written_and_nothing_else() -> None:
    walk = replace(shot("walk", "The fox walks.", after="arrival", fps=60), tags=("hero",))
    still = replace(shot("still", ""), images=(ImageUrl("https://example.com/a.png"),))
    board = storyboard(shot("arrival"), walk, still)

    assert storyboard_document(board, [walk, still]) == {
        "format_version": "1.0",
        "project": "test",
        "provider": "geekai",
        "shots": [
            {
                "shot": "walk",
                "model": "cogvideox-3",
                "prompt": "The fox walks.",
                "image": ["the last frame of arrival"],
                "fps": 60,
                "tags": ["hero"],
            },
            {
                "shot": "still",
                "model": "cogvideox-3",
                "image": ["https://example.com/a.png"],
                "tags": [],
            },
        ],
        "cut": [
            {"shot": name, "take": 1, "in": 0.0, "out": None, "transition": None}
            for name in ("arrival", "walk", "still")
        ],
    }
