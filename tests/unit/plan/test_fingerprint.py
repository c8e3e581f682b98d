"""The digest of a request: what counts, what does not, and what is pinned for ever."""

import hashlib

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from cogvid_pipeline.model.shot import Fit, ImageData, ImageFile, ImageUrl, Shot, ShotFrame
from cogvid_pipeline.plan.fingerprint import fingerprint, format_seconds, make_request
from tests.boards import DEFAULTS

DIGEST = "sha256:" + "a" * 64
CLIP = "b" * 64


def digest_of(shot: Shot) -> str | None:
    return fingerprint(make_request(shot, lambda _: CLIP), DEFAULTS)


# Released fingerprints: a change here makes every user pay again for every clip.
GOLDEN = [
    (
        Shot("a", "cogvideox-3", "A cat is playing with a ball."),
        '{"model":"cogvideox-3","prompt":"A cat is playing with a ball."}',
        "sha256:10d62818e18de6a75404a3bcece7429a78d316a522e6a18661ce6712d03b2b90",
    ),
    (
        Shot(
            "a",
            "cogvideox-3",
            "让画面动起来",
            (ImageUrl("https://example.com/a.jpg"),),
            {"quality": "quality", "with_audio": True},
        ),
        '{"image":["https://example.com/a.jpg"],"model":"cogvideox-3","prompt":"让画面动起来","quality":"quality","with_audio":true}',
        "sha256:4a0e7e4f831651508968e50e33810dffac7c102d7f16fcfd9c247007daaed301",
    ),
    (
        Shot(
            "a",
            "cogvideox-3",
            "",
            (ShotFrame("up", "last"), ImageFile("b.png", DIGEST, "image/png")),
            {"fps": 60, "duration": 5},
        ),
        '{"fps":60,"image":["frame:sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb:last","sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"],"model":"cogvideox-3"}',
        "sha256:722118c5cd62736030b11ae1bcc3d114dbc2263728882a39bc5e6012eca44d72",
    ),
    (
        Shot(
            "a",
            "cogvideox-3",
            "",
            (
                ShotFrame("up", 2.5, fit=Fit("pad", "1080x1920")),
                ImageFile("b.png", DIGEST, "image/png", Fit("crop", "1080x1920")),
            ),
            {"size": "1080x1920"},
        ),
        '{"image":["fit:pad:1080x1920:frame:sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb:2.5","fit:crop:1080x1920:sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"],"model":"cogvideox-3","size":"1080x1920"}',
        "sha256:484211cd821ebd23bdc9976608ea7765f692e2944e18fe75539dbbf2be6a5e6a",
    ),
]


@pytest.mark.parametrize(("shot", "canonical", "expected"), GOLDEN)
def test_a_released_fingerprint_never_changes(shot: Shot, canonical: str, expected: str) -> None:
    assert digest_of(shot) == expected
    assert expected == "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()


def test_a_released_fingerprint_of_a_second_take_never_changes() -> None:
    request = make_request(Shot("a", "cogvideox-3", "A cat is playing with a ball."), lambda _: CLIP, take=2)

    canonical = '{"model":"cogvideox-3","prompt":"A cat is playing with a ball.","take":2}'
    expected = "sha256:efd601d0d3ee2cfca60bd9f7b69ac673d530d7173ffbef90a1926728bc6558a6"
    assert fingerprint(request, DEFAULTS) == expected
    assert expected == "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()


def test_what_is_no_part_of_the_request_does_not_count() -> None:
    one = Shot(
        *("one", "cogvideox-3", "A cat."),
        tags=("hero",),
        takes=3,
        pick=2,
        depends_on=("two",),
        protect=True,
        freeze=True,
    )

    assert digest_of(one) == digest_of(Shot("two", "cogvideox-3", "A cat."))


def test_the_order_of_parameters_does_not_count() -> None:
    one = Shot("a", "cogvideox-3", "A cat.", parameters={"fps": 60, "size": "1280x720"})
    two = Shot("a", "cogvideox-3", "A cat.", parameters={"size": "1280x720", "fps": 60})

    assert digest_of(one) == digest_of(two)


@given(st.dictionaries(st.sampled_from(["quality", "with_audio", "fps", "duration"]), st.none()))
def test_any_defaults_written_down_do_not_count(chosen: dict[str, None]) -> None:
    written = {name: DEFAULTS["cogvideox-3"][name] for name in chosen}

    assert digest_of(Shot("a", "cogvideox-3", "A cat.", parameters=written)) == digest_of(
        Shot("a", "cogvideox-3", "A cat.")
    )


def test_a_file_and_the_same_bytes_written_in_the_manifest_are_one_image_wherever_they_lie() -> None:
    for fit in (None, Fit("crop", "1920x1080")):
        images = (
            ImageFile("frames/a.png", DIGEST, "image/png", fit),
            ImageFile("moved/b.png", DIGEST, "image/png", fit),
            ImageData(DIGEST, "image/png", b"...", fit),
        )

        assert len({digest_of(Shot("a", "cogvideox-3", "", (image,))) for image in images}) == 1


def test_every_kind_of_image_is_told_apart() -> None:
    images = [
        (ImageFile("a.png", DIGEST, "image/png"),),
        (ImageUrl("https://example.com/a.png"),),
        (ShotFrame("up", "first"),),
        (ShotFrame("up", "last"),),
        (ShotFrame("up", 2.5),),
        (ShotFrame("up", "first"), ShotFrame("up", "last")),
        (ShotFrame("up", "last"), ShotFrame("up", "first")),
        (ShotFrame("up", "last", fit=Fit("crop", "1920x1080")),),
        (ImageFile("a.png", DIGEST, "image/png", Fit("crop", "1920x1080")),),
        (ImageFile("a.png", DIGEST, "image/png", Fit("pad", "1920x1080")),),
        (ImageFile("a.png", DIGEST, "image/png", Fit("pad", "1280x720")),),
    ]

    assert len({digest_of(Shot("a", "cogvideox-3", "", image)) for image in images}) == len(images)


def test_a_frame_is_the_clip_it_comes_from_and_not_the_name_of_its_shot() -> None:
    request = make_request(Shot("a", "cogvideox-3", "", (ShotFrame("up", 2.0),)), lambda _: CLIP)

    assert request["image"] == [f"frame:sha256:{CLIP}:2"]


def test_the_fingerprint_is_unknown_while_an_upstream_clip_is() -> None:
    for frame in (ShotFrame("up", "last"), ShotFrame("up", "last", fit=Fit("crop", "1920x1080"))):
        request = make_request(Shot("a", "cogvideox-3", "", (frame,)), lambda _: None)

        assert request["image"] == [None]
        assert fingerprint(request, DEFAULTS) is None


@pytest.mark.parametrize(
    ("seconds", "text"), [(2, "2"), (2.0, "2"), (0.1, "0.1"), (4.25, "4.25"), (1e-7, "1e-07")]
)
def test_a_time_has_one_text(seconds: float, text: str) -> None:
    assert format_seconds(seconds) == text


@given(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.lists(st.text(st.characters(exclude_categories=["Cs"])), max_size=2),
    st.dictionaries(
        st.sampled_from(["quality", "size", "fps", "watermark"]), st.booleans() | st.integers(0, 10**9)
    ),
)
def test_the_digest_is_that_of_the_rfc_8785_form(prompt: str, images: list[str], parameters: dict) -> None:
    request = {"model": "another", "prompt": prompt, "image": images, **parameters}

    assert fingerprint(request, {}) == "sha256:" + hashlib.sha256(rfc8785.dumps(request)).hexdigest()
