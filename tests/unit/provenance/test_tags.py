"""The label in the metadata of an MP4, read back by FFmpeg; the clip itself stays as it was."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import av
import pytest

from cogvid_pipeline.errors import MediaError
from cogvid_pipeline.model.attempt import Attempt
from cogvid_pipeline.provenance.tags import write_tagged
from tests.attempts import make_attempt
from tests.clips import make_clip

LAYOUTS = {
    "index first": "+faststart",
    "index last": "+write_colr",
    "in fragments": "frag_keyframe+empty_moov",
}


def tagged(clip: Path, attempt: Attempt | None = None, producer: str = "示例工作室") -> Path:
    into = clip.with_name("tagged.mp4")
    write_tagged(clip, attempt or make_attempt(), producer, into)
    return into


def metadata(clip: Path) -> dict[str, str]:
    with av.open(str(clip)) as container:
        return dict(container.metadata)


def pictures(clip: Path) -> list[tuple[int | None, bytes]]:
    """Every frame with its time, in order of presentation."""
    with av.open(str(clip)) as container:
        return [
            (frame.pts, b"".join(bytes(plane) for plane in frame.planes))
            for frame in container.decode(video=0)
        ]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_labelled_clip_begins_with_the_clip_and_shows_the_same_pictures(
    tmp_path: Path, layout: str
) -> None:
    clip = make_clip(tmp_path / "clip.mp4", audio=True, muxer={"movflags": LAYOUTS[layout]})

    copy = tagged(clip)

    assert copy.read_bytes().startswith(clip.read_bytes())
    assert pictures(copy) == pictures(clip)
    assert metadata(copy)["AIGC"]


def test_the_label_has_the_seven_fields_of_the_chinese_standard(tmp_path: Path) -> None:
    label = metadata(tagged(make_clip(tmp_path / "clip.mp4"), make_attempt("walk")))["AIGC"]

    assert json.loads(label) == {
        "Label": "1",
        "ContentProducer": "示例工作室",
        "ProduceID": "task-walk",
        "ReservedCode1": "",
        "ContentPropagator": "",
        "PropagateID": "",
        "ReservedCode2": "",
    }


def test_people_are_told_too(tmp_path: Path) -> None:
    copy = tagged(make_clip(tmp_path / "clip.mp4"))

    assert metadata(copy)["comment"] == "AI-generated: cogvideox-3 via geekai"


def test_xmp_says_that_a_trained_model_made_it(tmp_path: Path) -> None:
    copy = tagged(make_clip(tmp_path / "clip.mp4"))

    kind = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
    assert f'Iptc4xmpExt:DigitalSourceType="{kind}"'.encode() in copy.read_bytes()


@pytest.mark.parametrize("provider", ["preview", "emulator"])
def test_what_no_model_made_is_not_said_to_be_made_by_one(tmp_path: Path, provider: str) -> None:
    copy = tagged(make_clip(tmp_path / "clip.mp4"), make_attempt(provider=provider))

    assert "AIGC" not in metadata(copy)
    assert (
        metadata(copy)["comment"] == f"Drawn by a program, not by a trained model: cogvid-pipeline {provider}"
    )
    assert b"trainedAlgorithmicMedia" not in copy.read_bytes()
    assert b"digitalsourcetype/algorithmicMedia" in copy.read_bytes()


def test_a_label_that_the_vendor_wrote_stays(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4")
    theirs = tagged(clip, producer="the vendor").rename(tmp_path / "theirs.mp4")

    copy = tagged(theirs, producer="somebody else")

    assert json.loads(metadata(copy)["AIGC"])["ContentProducer"] == "the vendor"


def test_names_in_a_lock_cannot_break_out_of_the_label(tmp_path: Path) -> None:
    hostile = make_attempt(request={"model": '"/><x>\x00\x1b[2J', "prompt": ""})

    copy = tagged(make_clip(tmp_path / "clip.mp4"), hostile)

    data = copy.read_bytes()
    packet = ET.fromstring(data[data.index(b"<x:xmpmeta") : data.index(b"<?xpacket end")])
    assert [element.tag.rpartition("}")[2] for element in packet.iter()] == ["xmpmeta", "RDF", "Description"]


@pytest.mark.parametrize("size", [0, 4, 1_000_000])
def test_nothing_is_appended_to_a_clip_that_does_not_end_where_it_says(tmp_path: Path, size: int) -> None:
    clip = make_clip(tmp_path / "clip.mp4")
    with clip.open("ab") as file:
        file.write(size.to_bytes(4) + b"free")

    with pytest.raises(MediaError, match="does not end where it says"):
        tagged(clip)


def test_a_box_with_a_long_size_is_passed_over(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4")
    with clip.open("ab") as file:
        file.write((1).to_bytes(4) + b"free" + (24).to_bytes(8) + bytes(8))

    assert metadata(tagged(clip))["AIGC"]
