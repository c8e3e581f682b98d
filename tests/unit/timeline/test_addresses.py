import os
from pathlib import Path

import pytest

from cogvid_pipeline.timeline.addresses import absolute, address_of, elsewhere, relative_to


def test_a_clip_is_found_from_the_folder_of_the_timeline() -> None:
    clips = Path("/film/renders")

    assert address_of("walk@2", relative_to(Path("/film"), clips)) == "renders/walk@2.mp4"
    assert address_of("walk", relative_to(Path("/film/out/edl"), clips)) == "../../renders/walk.mp4"


def test_an_absolute_address_is_a_url_of_a_file_in_which_nothing_has_to_be_guessed() -> None:
    assert absolute(Path("/My film/夜市 100%#1")) == "file:///My%20film/%E5%A4%9C%E5%B8%82%20100%25%231"


def test_a_folder_whose_name_is_not_utf_8_is_found_by_its_bytes() -> None:
    assert absolute(Path(os.fsdecode(b"/film\xff"))) == "file:///film%FF"


@pytest.mark.parametrize(
    ("folder", "address"),
    [
        ("/Volumes/Film/renders/", "file:///Volumes/Film/renders/walk.mp4"),
        ("C:\\My film\\renders", "file:///C:/My%20film/renders/walk.mp4"),
        ("\\\\server\\film\\", "file://server/film/walk.mp4"),
        ("s3://bucket/film", "s3://bucket/film/walk.mp4"),
        ("https://media.example.com/a%20b\x07", "https://media.example.com/a%20b%07/walk.mp4"),
        ("media/proxies", "media/proxies/walk.mp4"),
        ("", "walk.mp4"),
    ],
)
def test_clips_can_lie_elsewhere(folder: str, address: str) -> None:
    assert address_of("walk", elsewhere(folder)) == address
