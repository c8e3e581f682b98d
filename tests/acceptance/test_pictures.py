"""Pictures on their way from a file to a vendor, and into previews."""

from pathlib import Path

import pytest
from PIL import ExifTags, Image

from cogvid_pipeline.media.frames import frame_image
from tests.clips import make_clip, open_picture, picture_file
from tests.project import Project
from tests.vendor import Vendor

SIZE = "defaults: {model: cogvideox-3, size: 1280x720}\n"
CROP = SIZE.replace("}", ", fit: crop}")
STREET = "  street: {prompt: The street wakes up., image: street.jpg}\n"


def write(project: Project, shots: str, defaults: str) -> None:
    project.write(shots)
    manifest = project.root / "cogvid.yaml"
    manifest.write_text(manifest.read_text().replace("defaults: {model: cogvideox-3}\n", defaults))


@pytest.fixture
def film(project: Project) -> Project:
    """A project with a photograph in portrait, stored lying, whose middle is red."""
    upright = Image.new("RGB", (1200, 1600), "blue")
    upright.paste("red", (0, 450, 1200, 1150))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    stored = picture_file(upright.transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif, quality=95)
    (project.root / "street.jpg").write_bytes(stored)
    return project


def is_red(picture: Image.Image) -> bool:
    """Whether the whole of a picture is red, but for the slate at the foot of a preview."""
    above = picture.crop((0, 0, picture.width, picture.height * 8 // 10))
    return all(near(level, extreme) for level, extreme in zip((255, 0, 0), above.getextrema(), strict=True))


def near(level: int, extreme: object) -> bool:
    assert isinstance(extreme, tuple)
    return max(abs(level - each) for each in extreme) <= 8


def test_without_a_fit_a_file_is_sent_byte_for_byte_with_a_warning(film: Project, vendor: Vendor) -> None:
    write(film, STREET, SIZE)

    checked = film.run("validate", "--format", "json")
    ran = film.apply()

    assert (checked.code, checked.json["valid"]) == (0, True)
    assert [(each["code"], each["severity"]) for each in checked.json["problems"]] == [
        ("CV431", "warning"),
        ("CV433", "warning"),
    ]
    assert ran.code == 0, ran.err
    assert "warning: shots.street.image: street.jpg is stored turned" in ran.err
    assert vendor.accepted[0].images == ((film.root / "street.jpg").read_bytes(),)


def test_what_is_sent_is_what_the_preview_shows(film: Project, vendor: Vendor) -> None:
    write(film, STREET, CROP)

    assert film.run("preview", "--scale", "0.25").code == 0
    ran = film.apply()

    assert ran.code == 0, ran.err
    (sent,) = vendor.accepted[0].images
    assert open_picture(sent).size == (1280, 720)
    assert is_red(open_picture(sent))
    assert is_red(open_picture(frame_image(film.root / "previews" / "street.mp4", "first")[0]))
    assert "fit" not in vendor.accepted[0].body
    assert "[CV4" not in ran.err


def test_a_prepared_picture_is_known_by_what_it_is_made_of(film: Project, vendor: Vendor) -> None:
    write(film, STREET, CROP)
    film.apply()
    (image,) = film.lock["street"]["result"]["request"]["image"]
    assert image.startswith("fit:crop:1280x720:sha256:")
    assert film.run("check").code == 0

    write(film, STREET, CROP.replace("crop", "pad"))
    padded = film.run("plan").out
    write(film, STREET, SIZE)
    plain = film.run("plan", "--format", "json").json["actions"][0]

    assert "~ street  regenerate  fit changed" in padded
    assert 'fit.0: "crop" → "pad"' in padded
    assert plain["changes"] == [{"path": "fit.0", "before": "crop", "after": None}]
    assert plain["request"]["image"] == [image.removeprefix("fit:crop:1280x720:")]


def test_a_frame_is_prepared_where_its_clip_was_asked_for_in_another_size(
    film: Project, vendor: Vendor, tmp_path: Path
) -> None:
    vendor.clip = make_clip(tmp_path / "clip", size=(1280, 720), frames=3).read_bytes()
    follow = "prompt: The fox walks on., image: {shot: street, frame: last}"
    same, other = f"  same: {{{follow}}}\n", f"  tall: {{{follow}, fit: pad, size: 720x1280}}\n"
    write(film, STREET + same + other, CROP)

    ran = film.apply()

    assert ran.code == 0, ran.err
    clip = film.lock["street"]["result"]["clip"]["sha256"]
    requests = {name: film.lock[name]["result"]["request"]["image"] for name in ("same", "tall")}
    assert requests == {
        "same": [f"frame:sha256:{clip}:last"],
        "tall": [f"fit:pad:720x1280:frame:sha256:{clip}:last"],
    }
    sent = {task.body.get("size"): open_picture(task.images[0]).size for task in vendor.accepted[1:]}
    assert sent == {"1280x720": (1280, 720), "720x1280": (720, 1280)}
