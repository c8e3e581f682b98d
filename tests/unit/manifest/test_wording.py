"""Values as they stand in messages and hints."""

from typing import Any

import pytest

from cogvid_pipeline.manifest import wording
from cogvid_pipeline.manifest.mistakes import Path, pointer


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"shot": "walk", "frame": "last"}, "{shot: walk, frame: last}"),
        (["frames/dawn.png", 2.5, True], "[frames/dawn.png, 2.5, true]"),
        ("{{ hero }} walks on.", '"{{ hero }} walks on."'),
        ("Scene 2: dusk", '"Scene 2: dusk"'),
        ("", '""'),
    ],
)
def test_an_example_can_be_copied_into_a_manifest(value: Any, text: str) -> None:
    assert wording.example({"examples": [value]}) == text


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ((), "this file"),
        (("shots", "walk"), "`walk`"),
        (("shots", "walk", "image", 1), "`image[1]`"),
        (("shots", "walk", "image", 1, "frame"), "`frame`"),
    ],
)
def test_a_value_is_called_by_its_key(path: Path, name: str) -> None:
    assert wording.name(path) == name


def test_a_long_value_is_cut() -> None:
    assert wording.shown("x" * 100) == "x" * 59 + "…"


def test_a_pointer_escapes_what_rfc_6901_says() -> None:
    assert pointer(("prices", "zai/~x", 0)) == "/prices/zai~1~0x/0"
