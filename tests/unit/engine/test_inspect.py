"""Where a clip is not what was asked for."""

from dataclasses import replace
from typing import Any

import pytest

from cogvid_pipeline.engine.inspect import differences
from tests.boards import DEFAULTS, clip

DOCUMENTED = DEFAULTS["cogvideox-3"]


@pytest.mark.parametrize(
    ("asked", "got", "words"),
    [
        ({}, {}, []),
        ({"size": "1920x1080"}, {}, []),
        ({}, {"width": 64}, []),
        ({"size": "1280x720"}, {}, ["asked for 1280x720, got 1920x1080"]),
        ({}, {"fps": 30.5}, []),
        ({}, {"fps": 24.0}, ["asked for 30 frames a second, got 24"]),
        ({"fps": 60}, {}, ["asked for 60 frames a second, got 30"]),
        ({}, {"duration": 5.5}, []),
        ({}, {"duration": 4.4}, ["asked for 5 seconds, got 4.4"]),
        ({"duration": 10}, {}, ["asked for 10 seconds, got 5"]),
        ({"with_audio": True}, {"audio": True}, []),
        ({"with_audio": True}, {}, ["asked for sound, got a silent clip"]),
        ({"with_audio": False}, {"audio": True}, []),
    ],
)
def test_what_differs_is_said(asked: dict[str, Any], got: dict[str, Any], words: list[str]) -> None:
    assert differences(asked, replace(clip(), **got), DOCUMENTED) == words


def test_what_was_not_asked_for_cannot_differ() -> None:
    assert differences({}, replace(clip(), fps=1.0, duration=99.0), {}) == []


def test_what_a_damaged_lock_asks_for_is_no_number_to_compare_with() -> None:
    assert differences({"fps": "many", "duration": "long"}, clip(), {}) == []


def test_all_differences_are_said() -> None:
    asked = {"size": "1280x720", "fps": 60, "duration": 10, "with_audio": True}

    assert len(differences(asked, clip(), DOCUMENTED)) == 4
