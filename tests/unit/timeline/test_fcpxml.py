"""What Final Cut Pro takes, which refuses a whole file for one child out of order."""

import re
from xml.etree import ElementTree as ET

import opentimelineio as otio
import pytest

from cogvid_pipeline.model.cut import Segment, Transition
from cogvid_pipeline.model.timeline import Timeline
from cogvid_pipeline.timeline.fcpxml import write_fcpxml
from tests.boards import shot
from tests.timelines import as_cut, as_track, clip, timeline

# The children of each element in their order, as version 1.8 has it; then what it has to have.
CHILDREN = {
    "fcpxml": r"resources (event )*",
    "resources": r"((asset|effect|format) )*",
    "event": r"((asset-clip|project) )*",
    "project": r"sequence ",
    "sequence": r"spine ",
    "spine": r"((asset-clip|gap|transition) )*",
    "asset-clip": r"(note )?(conform-rate )?(adjust-(blend|volume) ){0,2}((marker|keyword) )*(metadata )?",
    "gap": r"(note )?(marker )*(metadata )?",
    "transition": r"(filter-video )?(filter-audio )?",
    "adjust-blend": r"(param )*",
    "adjust-volume": r"(param )*",
    "param": r"(fadeIn )?(fadeOut )?",
    "metadata": r"(md )*",
}
REQUIRED = {
    "format": {"id"},
    "asset": {"id", "src"},
    "effect": {"id", "uid"},
    "sequence": {"format"},
    "asset-clip": {"ref"},
    "gap": {"duration"},
    "transition": {"duration"},
    "marker": {"start", "value"},
    "keyword": {"value"},
    "md": {"key"},
}
# The truth of an element is what the adapter asks for; later Pythons warn of it.
reads_with_the_adapter = pytest.mark.filterwarnings("ignore:.*[Tt]ruth.*:DeprecationWarning")


def parsed(film: Timeline) -> ET.Element:
    return ET.fromstring(write_fcpxml(film).partition("<!DOCTYPE fcpxml>")[2])


def everything() -> Timeline:
    return timeline(
        Segment("arrival", transition=Transition("fade", 1)),
        Segment("walk", transition=Transition("dissolve", 0.5), fade_out=0.5),
        Segment("morph"),
        Segment("frost", transition=Transition("fade", 0.5)),
        clips={"walk": clip(audio=True), "morph": None, "frost": clip(fps=24, audio=True)},
        shots={"walk": shot("walk", quality="quality", with_audio=True)},
        remarks={"frost": "stale: prompt changed"},
    )


def test_every_child_is_in_its_order_and_every_reference_leads_somewhere() -> None:
    root = parsed(everything())
    ids = {element.get("id") for element in root.iter() if element.get("id")}

    for element in root.iter():
        children = "".join(f"{child.tag} " for child in element)
        assert re.fullmatch(CHILDREN.get(element.tag, ""), children), (element.tag, children)
        assert set(element.keys()) >= REQUIRED.get(element.tag, set()), element.tag
        assert {element.get("ref"), element.get("format")} - {None} <= ids
    assert {element.tag for element in root.iter()} >= CHILDREN.keys()


def test_a_dissolve_is_a_transition_in_the_middle_of_which_the_cut_is() -> None:
    film = timeline(Segment("arrival", end=4), Segment("walk", start=1, transition=Transition("dissolve", 1)))
    first, transition, second = parsed(film).find("event/project/sequence/spine") or ()

    assert (transition.get("offset"), transition.get("duration")) == ("3s", "1s")
    assert first.get("duration") == second.get("offset") == "7/2s"
    assert second.get("start") == "3/2s"


def test_the_rate_of_television_is_exact() -> None:
    film = timeline(Segment("arrival"), clips={"arrival": clip(10.01, fps=29.97)})
    root = parsed(film)

    assert root.find("resources/format").get("frameDuration") == "1001/30000s"
    assert root.find("resources/asset").get("duration") == "1001/100s"


def test_what_somebody_should_look_at_is_a_marker_to_be_done() -> None:
    root = parsed(everything())
    open_markers = [marker.get("value") for marker in root.iter("marker") if marker.get("completed") == "0"]

    assert open_markers == ["morph: not made yet", "frost: stale: prompt changed"]


def test_text_that_xml_cannot_hold_is_replaced_and_the_rest_survives() -> None:
    prompt = '夜市 <b> & "quotes" 🦊\nnew line\x00\x1b[31m\ud800\uffff end'
    request = {"model": "cogvideox-3", "prompt": prompt}
    film = timeline(Segment("arrival"), request=request, title="A <\x07> & B")
    root = parsed(film)

    assert root.find("event").get("name") == "A <\ufffd> & B"
    assert root.find("event/asset-clip/note").text == (
        '夜市 <b> & "quotes" 🦊\nnew line\ufffd\ufffd[31m\ufffd\ufffd end'
    )
    assert root.find(".//marker").get("note") == root.find("event/asset-clip/note").text


@reads_with_the_adapter
def test_the_librarys_adapter_reads_the_clips_with_all_that_is_known_about_them() -> None:
    film = timeline(
        Segment("sc010_0040-v02", start=1, end=3),
        Segment("walk"),
        title="Night — 夜市",
        shots={"walk": shot("walk", "雨 & rain")},
        task_id="036f-6493",
    )
    read = otio.adapters.read_from_string(write_fcpxml(film), "fcpx_xml")[0]
    first, second = read.find_clips()
    known = second.media_reference.metadata["fcpx"]

    assert read.name == "Night — 夜市"
    assert (first.name, first.media_reference.target_url) == (
        "sc010_0040-v02",
        "file:///film/renders/sc010_0040-v02.mp4",
    )
    assert known["note"] == "雨 & rain"
    assert {"cogvid.task_id": "036f-6493"} in list(map(dict, known["metadata"]))
    assert second.markers[0].name == "walk"


@reads_with_the_adapter
def test_the_librarys_adapter_shows_the_frames_of_the_cut_where_nothing_dissolves() -> None:
    film = timeline(
        Segment("arrival", start=0.5, end=2), Segment("walk"), Segment("morph", end=3), clips={"walk": None}
    )
    read = otio.adapters.read_from_string(write_fcpxml(film), "fcpx_xml")[0]

    assert as_track(read.tracks[0]) == as_cut(film.edit)
