"""An animatic of every shot, apart from lock and ledger."""

from pathlib import Path

import pytest

from cogvid_pipeline.engine.previews import render_previews
from cogvid_pipeline.errors import MediaError
from cogvid_pipeline.model.shot import Fit, ImageData, ImageFile, ImageUrl, Shot, ShotFrame
from cogvid_pipeline.model.wire import ImageBytes, ImageLink
from tests.boards import shot
from tests.stage import Frames, Shelf, Sketch, fit_picture, run_virtually

CAT = shot("cat", "A cat plays.")
NAP = shot("nap", "It falls asleep.", after="cat")


def rendered(*shots: Shot, frames: Frames | None = None) -> tuple[Shelf, Sketch, list[str]]:
    shelf, told = Shelf([]), list[str]()
    sketch = Sketch(shelf)
    run_virtually(
        render_previews(
            shots,
            sketch,
            Path("previews"),
            read_image=lambda image: image.path.encode(),
            frames=frames or Frames(),
            fit_picture=fit_picture,
            jobs=2,
            done=lambda shot, path: told.append(f"{shot.name} {path}"),
        )
    )
    return shelf, sketch, told


def test_each_shot_gets_a_file_of_its_name() -> None:
    shelf, _, told = rendered(CAT, shot("dog", "A dog plays."))

    assert set(shelf.files) == {Path("previews/cat.mp4"), Path("previews/dog.mp4")}
    assert sorted(told) == ["cat previews/cat.mp4", "dog previews/dog.mp4"]


def test_a_frame_of_another_shot_comes_from_its_preview_whatever_the_order() -> None:
    shelf, sketch, _ = rendered(NAP, CAT)

    assert sketch.rendered == ["cat", "nap"]
    expected = ImageBytes(b"last of previews/cat.mp4", "image/png")
    assert shelf.files[Path("previews/nap.mp4")].decode() == f"{NAP.prompt} {(expected,)}"


def test_all_kinds_of_pictures_are_handed_on() -> None:
    images = (
        ImageFile("a.png", "sha256:0", "image/png"),
        ImageData("sha256:1", "image/jpeg", b"data"),
        ImageUrl("https://example.com/a.png"),
    )
    shelf, _, _ = rendered(Shot("mix", "cogvideox-3", "", images))

    expected = (
        ImageBytes(b"a.png", "image/png"),
        ImageBytes(b"data", "image/jpeg"),
        ImageLink("https://example.com/a.png"),
    )
    assert shelf.files[Path("previews/mix.mp4")].decode() == f" {expected}"


def test_what_is_made_of_a_picture_that_is_to_fit_takes_its_place() -> None:
    crop, pad = Fit("crop", "1920x1080"), Fit("pad", "1920x1080")
    images = (
        ImageFile("a.png", "sha256:0", "image/jpeg", crop),
        ImageData("sha256:1", "image/jpeg", b"data", pad),
        ShotFrame("cat", "last", fit=pad),
    )
    shelf, _, _ = rendered(CAT, Shot("mix", "cogvideox-3", "", images))

    expected = (
        ImageBytes(b"a.png to crop 1920x1080", "image/png"),
        ImageBytes(b"data to pad 1920x1080", "image/png"),
        ImageBytes(b"last of previews/cat.mp4 to pad 1920x1080", "image/png"),
    )
    assert shelf.files[Path("previews/mix.mp4")].decode() == f" {expected}"


def test_a_picture_that_cannot_be_had_ends_all() -> None:
    class Broken(Frames):
        async def extract(self, clip: Path, at: str | float) -> tuple[bytes, str]:
            raise MediaError("no such frame")

    with pytest.raises(MediaError, match="no such frame"):
        rendered(CAT, NAP, frames=Broken())
