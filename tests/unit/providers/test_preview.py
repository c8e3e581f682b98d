"""Clips that are rendered here, from submissions as the engine makes them."""

import asyncio
import random
from pathlib import Path

import av
import pytest
from PIL import Image, ImageChops, ImageStat

from cogvid_pipeline.errors import MediaError
from cogvid_pipeline.media.frames import frame_image
from cogvid_pipeline.media.probe import describe
from cogvid_pipeline.media.slate import bar_height
from cogvid_pipeline.model.attempt import Clip
from cogvid_pipeline.model.shot import Scalar
from cogvid_pipeline.model.wire import ImageBytes, ImageLink, Submission
from cogvid_pipeline.providers.preview import Preview
from tests.clips import open_picture, picture_file

DOCUMENTED: dict[str, Scalar] = {"fps": 30, "duration": 1, "quality": "speed", "with_audio": False}
DEFAULTS = {"cogvideox-3": DOCUMENTED}
PROMPT = "A red fox in a yellow raincoat steps off the last train."


def picture(size: tuple[int, int] = (320, 180), seed: int = 1) -> Image.Image:
    coarse = Image.frombytes("RGB", (8, 5), random.Random(seed).randbytes(120))
    return coarse.resize(size, Image.Resampling.BICUBIC)


def image(size: tuple[int, int] = (320, 180), seed: int = 1) -> ImageBytes:
    return ImageBytes(picture_file(picture(size, seed)), "image/png")


def submit(
    *images: ImageBytes | ImageLink, prompt: str = PROMPT, take: int = 1, **parameters: Scalar
) -> Submission:
    return Submission(
        "r-1", "arrival", take, "cogvideox-3", prompt, images, {"size": "320x180", **parameters}
    )


def render(submission: Submission, into: Path, preview: Preview | None = None) -> Clip:
    asyncio.run((preview or Preview(DEFAULTS)).render(submission, into, lambda _: None))
    return describe(into, "abc")


def files(directory: Path) -> list[Path]:
    return list(directory.iterdir())


def frame(clip: Path, at: str | float) -> Image.Image:
    """The frame without the slate."""
    whole = open_picture(frame_image(clip, at)[0])
    return whole.crop((0, 0, whole.width, whole.height - bar_height(whole.size) - 4))


def difference(one: Image.Image, other: Image.Image) -> float:
    """How many levels the pictures are apart on average."""
    return max(ImageStat.Stat(ImageChops.difference(one, other.crop((0, 0, *one.size)))).mean)


@pytest.mark.parametrize(
    "images", [(), (image(),), (image(), image(seed=2)), (ImageLink("https://example.com/a.png"),)]
)
def test_a_preview_has_the_size_rate_and_duration_asked_for(
    tmp_path: Path, images: tuple[ImageBytes | ImageLink, ...]
) -> None:
    clip = render(submit(*images, fps=60, duration=2, with_audio=True), tmp_path / "clip")

    assert clip == Clip("abc", clip.bytes, 320, 180, 60.0, 2.0, audio=True)


def test_what_a_shot_does_not_say_is_as_documented(tmp_path: Path) -> None:
    clip = render(
        submit(), tmp_path / "clip", Preview({"cogvideox-3": {**DOCUMENTED, "fps": 24, "duration": 0.5}})
    )

    assert (clip.fps, clip.duration, clip.audio) == (24.0, 0.5, False)


@pytest.mark.parametrize(
    ("images", "size"),
    [
        ((), (1920, 1080)),
        ((ImageLink("https://example.com/a.png"),), (1920, 1080)),
        ((image((200, 300)),), (1080, 1620)),
        ((image((300, 200)),), (1620, 1080)),
        ((ImageLink("https://example.com/a.png"), image((50, 50))), (1080, 1080)),
        ((image((40, 33)),), (1308, 1080)),
        ((image((2, 400)),), (1080, 3840)),
    ],
)
def test_without_a_size_the_short_side_is_1080_and_the_shape_the_pictures(
    tmp_path: Path, images: tuple[ImageBytes | ImageLink, ...], size: tuple[int, int]
) -> None:
    silent = Submission("r-1", "arrival", 1, "cogvideox-3", PROMPT, images, {"duration": 0.1})

    clip = render(silent, tmp_path / "clip")

    assert (clip.width, clip.height) == size


def test_a_scaled_preview_is_smaller_and_says_so(tmp_path: Path) -> None:
    whole = render(submit(size="1280x720", duration=0.1), tmp_path / "whole")
    small = render(submit(size="2560x1440", duration=0.1), tmp_path / "small", Preview(DEFAULTS, scale=0.5))

    assert (small.width, small.height) == (whole.width, whole.height) == (1280, 720)
    bar = (0, 720 - bar_height((1280, 720)), 1000, 720)
    slates = [open_picture(frame_image(tmp_path / name, 0)[0]).crop(bar) for name in ("whole", "small")]
    assert difference(*slates) > 1


def test_a_tiny_scale_still_gives_a_clip(tmp_path: Path) -> None:
    clip = render(submit(duration=0.2), tmp_path / "clip", Preview(DEFAULTS, scale=0.01))

    assert (clip.width, clip.height) == (64, 64)


def test_a_still_comes_first_and_is_pushed_into(tmp_path: Path) -> None:
    render(submit(image()), tmp_path / "clip")

    assert difference(frame(tmp_path / "clip", "first"), picture()) < 2
    assert difference(frame(tmp_path / "clip", "last"), picture()) > 3


def test_two_pictures_are_the_first_and_the_last_frame(tmp_path: Path) -> None:
    render(submit(image(), image(seed=2)), tmp_path / "clip")

    assert difference(frame(tmp_path / "clip", "first"), picture()) < 2
    assert difference(frame(tmp_path / "clip", "last"), picture(seed=2)) < 2


def test_a_chain_of_previews_goes_on_where_the_last_one_ended(tmp_path: Path) -> None:
    render(submit(image()), tmp_path / "one")
    end = ImageBytes(*frame_image(tmp_path / "one", "last"))
    render(submit(end, take=2), tmp_path / "two")

    assert difference(frame(tmp_path / "one", "last"), frame(tmp_path / "two", "first")) < 2


def test_a_linked_picture_is_a_card_with_its_address_but_not_its_query(tmp_path: Path) -> None:
    cards = []
    for name, url in [
        ("a", "https://example.com/a.png?sig=1"),
        ("b", "https://example.com/a.png?sig=22"),
        ("c", "https://example.com/harbour-at-dawn.png"),
    ]:
        render(submit(ImageLink(url), duration=0.1), tmp_path / name)
        cards.append(frame(tmp_path / name, "first"))

    assert cards[0].tobytes() == cards[1].tobytes() != cards[2].tobytes()


def test_a_shot_of_nothing_but_a_link_has_a_card_too(tmp_path: Path) -> None:
    assert render(submit(ImageLink("https://example.com/a.png"), prompt="", duration=0.1), tmp_path / "clip")


@pytest.mark.parametrize(
    "prompt",
    ["成都的夜市，灯光照在石板路上。", "\u202e\x00\x1b]0;x\x07", "🦊" * 300, "x" * 512, "a\n\n\nb", "מחזה"],
)
def test_any_prompt_can_be_shown(tmp_path: Path, prompt: str) -> None:
    assert render(submit(prompt=prompt, duration=0.1), tmp_path / "clip").duration == 0.1


def test_the_prompt_and_the_take_can_be_read_from_the_picture(tmp_path: Path) -> None:
    render(submit(duration=0.1), tmp_path / "one")
    render(submit(duration=0.1, prompt="Another."), tmp_path / "other")
    render(submit(duration=0.1, take=2), tmp_path / "two")

    assert difference(frame(tmp_path / "one", 0), frame(tmp_path / "other", 0)) > 1
    assert (tmp_path / "one").read_bytes() != (tmp_path / "two").read_bytes()


@pytest.mark.parametrize("images", [(), (image(),), (image(), image(seed=2))])
def test_the_same_submission_gives_the_same_bytes(tmp_path: Path, images: tuple[ImageBytes, ...]) -> None:
    render(submit(*images, with_audio=True), tmp_path / "one")
    render(submit(*images, with_audio=True), tmp_path / "two")

    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_preview_is_tagged_as_bt709(tmp_path: Path) -> None:
    render(submit(duration=0.1), tmp_path / "clip")

    with av.open(str(tmp_path / "clip")) as container:
        assert container.streams.video[0].codec_context.colorspace == 1


def test_a_damaged_picture_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    broken = ImageBytes(picture_file(picture())[:100], "image/png")

    with pytest.raises(MediaError, match="not a readable PNG or JPEG"):
        render(submit(broken), tmp_path / "clip")

    assert files(tmp_path) == []


def test_progress_is_told_frame_by_frame_on_the_loop(tmp_path: Path) -> None:
    told: list[float] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()

        def progress(done: float) -> None:
            assert asyncio.get_running_loop() is loop
            told.append(done)

        await Preview(DEFAULTS).render(submit(), tmp_path / "clip", progress)

    asyncio.run(main())
    assert told == [number / 30 for number in range(1, 31)]


def test_several_shots_render_at_once(tmp_path: Path) -> None:
    preview = Preview(DEFAULTS)

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(4):
                group.create_task(
                    preview.render(submit(image(seed=number)), tmp_path / str(number), lambda _: None)
                )

    asyncio.run(main())
    alone = tmp_path / "alone"
    render(submit(image(seed=3)), alone)
    assert (tmp_path / "3").read_bytes() == alone.read_bytes()


def test_a_cancelled_preview_stops_and_leaves_nothing(tmp_path: Path) -> None:
    told: list[float] = []
    left: list[Path] = []

    async def main() -> None:
        begun = asyncio.Event()

        def progress(done: float) -> None:
            told.append(done)
            if len(told) == 5:  # the encoder holds the first frames back before it makes a file
                begun.set()

        task = asyncio.ensure_future(
            Preview(DEFAULTS).render(
                submit(image(), size="1920x1080", duration=600), tmp_path / "clip", progress
            )
        )
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        left.extend(files(tmp_path))

    asyncio.run(main())
    assert told[-1] < 1
    assert left == []
