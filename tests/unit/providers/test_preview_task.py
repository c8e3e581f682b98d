"""Previews as tasks that another process could do."""

import hashlib
import pickle
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image as Pictures

from cogvid_pipeline.errors import CogvidError
from cogvid_pipeline.media.fit import fitted
from cogvid_pipeline.media.probe import describe
from cogvid_pipeline.model.preview import PreviewTask
from cogvid_pipeline.model.shot import Fit, Image, ImageData, ImageFile, ImageUrl, ShotFrame
from cogvid_pipeline.providers.preview_task import render_task, renderer
from tests.boards import DEFAULTS, shot
from tests.clips import picture_file

PICTURE = picture_file(Pictures.new("RGB", (64, 36), "teal"))
DIGEST = f"sha256:{hashlib.sha256(PICTURE).hexdigest()}"
STILL = ImageFile("still.png", DIGEST, "image/png")


def render(root: Path, *images: Image) -> None:
    """Have the preview of a cat made, as another process would."""
    cat = replace(shot("cat", size="1280x720", duration=0.2), images=images)
    task = PreviewTask(cat, {"dog": "d0"}, 0.1, DEFAULTS["cogvideox-3"])
    files = {"d0": root / "dog.mp4", STILL.sha256: root / "still.png"}
    render_task(pickle.loads(pickle.dumps(task)), files, root / "cat.mp4")


def test_all_kinds_of_pictures_are_drawn_and_differ(tmp_path: Path) -> None:
    (tmp_path / "still.png").write_bytes(PICTURE)
    frame = ShotFrame("dog", "last")
    kinds = (STILL, ImageData(DIGEST, "image/png", PICTURE), ImageUrl("https://example.com/a.png"), frame)
    clips = []
    render(tmp_path)
    (tmp_path / "cat.mp4").rename(tmp_path / "dog.mp4")

    for image in kinds:
        render(tmp_path, image)
        assert describe(tmp_path / "cat.mp4", "").duration == 0.2
        clips.append((tmp_path / "cat.mp4").read_bytes())

    file, data, link, chained = clips
    assert file == data
    assert len({file, link, chained}) == 3


def test_a_picture_that_is_to_fit_is_drawn_as_it_is_sent(tmp_path: Path) -> None:
    tall = Pictures.new("RGB", (36, 64), "teal")
    crop = Fit("crop", "1280x720")
    sent = fitted(picture_file(tall), crop)[0]
    clips = []

    for data, fit in ((picture_file(tall), crop), (sent, None)):
        render(tmp_path, ImageData(DIGEST, "image/png", data, fit))
        clips.append((tmp_path / "cat.mp4").read_bytes())

    assert clips[0] == clips[1]


def test_a_picture_that_is_no_longer_the_one_that_was_planned_with_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CogvidError, match=r"cannot read still.png: No such file"):
        render(tmp_path, STILL)
    (tmp_path / "still.png").write_bytes(b"another")
    with pytest.raises(CogvidError, match=r"still.png was changed"):
        render(tmp_path, STILL)
    assert [path.name for path in tmp_path.iterdir()] == ["still.png"]


def test_what_draws_has_a_digest_that_stays() -> None:
    assert renderer() == renderer()
    assert len(renderer()) == 64
