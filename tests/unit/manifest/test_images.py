"""Pictures that a manifest names, where the cases in tests/cases cannot show them."""

import base64
import os
from hashlib import sha256
from pathlib import Path

import pytest

from cogvid_pipeline.manifest.images import ImageMistake, Pictures
from cogvid_pipeline.model.shot import ImageData, ImageFile

SHARED = Path(__file__).parents[2] / "cases" / "shared" / "frames"
PNG = (SHARED / "lantern.png").read_bytes()
JPEG = (SHARED / "street.jpg").read_bytes()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    project.mkdir()
    (project / "lantern.png").write_bytes(PNG)
    return project


def refused(directory: Path, address: str) -> ImageMistake:
    with pytest.raises(ImageMistake) as raised:
        Pictures(directory).find(address)
    return raised.value


def test_a_file_is_known_by_the_digest_of_its_bytes(directory: Path) -> None:
    expected = ImageFile("lantern.png", f"sha256:{sha256(PNG).hexdigest()}", "image/png")

    assert Pictures(directory).find("lantern.png") == expected


def test_the_content_says_what_a_picture_is_not_its_name(directory: Path) -> None:
    (directory / "street.png").write_bytes(JPEG)

    picture = Pictures(directory).find("street.png")

    assert isinstance(picture, ImageFile)
    assert picture.media_type == "image/jpeg"


def test_an_absolute_path_inside_the_directory_is_kept_relative(directory: Path) -> None:
    picture = Pictures(directory).find(str(directory / "lantern.png"))

    assert isinstance(picture, ImageFile)
    assert picture.path == "lantern.png"


def test_a_link_inside_the_directory_is_followed(directory: Path) -> None:
    (directory / "light.png").symlink_to("lantern.png")

    picture = Pictures(directory).find("light.png")

    assert isinstance(picture, ImageFile)
    assert picture.path == "light.png"


def test_a_link_that_leads_out_is_refused(directory: Path) -> None:
    (directory.parent / "secret.png").write_bytes(PNG)
    (directory / "light.png").symlink_to("../secret.png")

    assert refused(directory, "light.png").code == "CV413"


def test_a_link_to_itself_is_refused(directory: Path) -> None:
    (directory / "loop.png").symlink_to("loop.png")

    assert refused(directory, "loop.png").code == "CV410"


def test_a_pipe_is_no_picture_and_is_not_waited_for(directory: Path) -> None:
    os.mkfifo(directory / "pipe.png")

    assert refused(directory, "pipe.png").code == "CV410"


def test_a_path_that_no_file_can_have_is_refused(directory: Path) -> None:
    assert refused(directory, "a\0b.png").code == "CV410"
    assert refused(directory, f"{'a' * 300}.png").code == "CV410"


def test_a_file_of_five_megabytes_is_taken_and_one_byte_more_is_not(directory: Path) -> None:
    for size in (5_000_000, 5_000_001):
        with (directory / f"{size}.png").open("wb") as file:
            file.write(PNG)
            file.truncate(size)

    assert isinstance(Pictures(directory).find("5000000.png"), ImageFile)
    assert refused(directory, "5000001.png").code == "CV412"
    assert isinstance(Pictures(directory).find("5000001.png", prepared=True), ImageFile)


def test_what_is_prepared_may_be_large_and_not_huge(directory: Path) -> None:
    with (directory / "huge.png").open("wb") as file:
        file.truncate(30_000_001)

    with pytest.raises(ImageMistake, match="30,000,000 at most"):
        Pictures(directory).find("huge.png", prepared=True)


def test_a_file_is_read_once(directory: Path) -> None:
    pictures = Pictures(directory)
    first = pictures.find("lantern.png")
    (directory / "lantern.png").unlink()

    assert pictures.find("lantern.png") is first


def test_a_missing_directory_is_a_missing_file(directory: Path) -> None:
    mistake = refused(directory, "nowhere/lantern.png")

    assert (mistake.code, mistake.hint) == ("CV410", "paths are relative to the manifest's directory")


def test_a_file_below_a_file_is_missing(directory: Path) -> None:
    assert refused(directory, "lantern.png/lantern.png").code == "CV410"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"GIF89a", "is a GIF"),
        (b"BM\0\0", "is a BMP picture"),
        (b"\0\0\0\x18ftypheic", "is a HEIC picture"),
        (b"\0\0\0\x18ftypisom", "is a video"),
        (b"<svg xmlns=''/>", "is an SVG drawing"),
        (b"version https://git-lfs.github.com/spec/v1\n", "is a Git LFS pointer"),
        (b"", "is an empty file"),
        (b"hello", "is neither png nor jpeg"),
    ],
)
def test_what_is_no_png_or_jpeg_is_named(directory: Path, content: bytes, words: str) -> None:
    (directory / "other.png").write_bytes(content)

    mistake = refused(directory, "other.png")

    assert mistake.code == "CV411"
    assert words in str(mistake)


def test_a_data_uri_is_decoded(directory: Path) -> None:
    encoded = base64.b64encode(JPEG).decode()

    picture = Pictures(directory).find(f"DATA:image/jpg;name=street.jpg;base64,{encoded[:40]} {encoded[40:]}")

    assert picture == ImageData(f"sha256:{sha256(JPEG).hexdigest()}", "image/jpeg", JPEG)


def test_a_data_uri_that_decodes_to_too_much_is_refused(directory: Path) -> None:
    encoded = base64.b64encode(PNG + bytes(5_000_000)).decode()

    assert refused(directory, f"data:image/png;base64,{encoded}").code == "CV412"


def test_a_data_uri_that_is_not_ascii_is_refused(directory: Path) -> None:
    assert refused(directory, "data:image/png;base64,狐").code == "CV415"


def test_a_data_uri_without_a_media_type_is_refused(directory: Path) -> None:
    encoded = base64.b64encode(PNG).decode()

    mistake = refused(directory, f"data:;base64,{encoded}")

    assert (mistake.code, mistake.hint) == ("CV415", "begin it with data:image/png;base64,")


@pytest.mark.parametrize(
    "address",
    [
        "https://",
        "https://user@example.com/a.png",
        "https://[::1/a.png",
        "https://example.com:99999/a.png",
        "https://example.com/a\nb.png",
        "https://example.com/a\u3000b.png",
        'https://example.com/"a".png',
        "https://example.com\\@evil.example.com/a.png",
        "ftp://example.com/a.png",
        "file:///etc/passwd",
    ],
)
def test_a_url_that_a_vendor_cannot_fetch_is_refused(directory: Path, address: str) -> None:
    assert refused(directory, address).code == "CV414"


def test_the_same_picture_under_two_names_is_looked_into_once(directory: Path) -> None:
    (directory / "light.png").write_bytes(PNG)
    pictures = Pictures(directory)
    lantern, light = pictures.find("lantern.png"), pictures.find("light.png")

    assert isinstance(lantern, ImageFile)
    assert isinstance(light, ImageFile)
    assert pictures.pixels(lantern) is pictures.pixels(light)
