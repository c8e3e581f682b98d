"""The vendor's own client must get along with the emulator as it is."""

from itertools import count

import httpx
import pytest
from zai import ZaiClient, ZhipuAiClient
from zai.core import APIRequestFailedError

from cogvid_pipeline.emulator.chaos import Chaos
from cogvid_pipeline.emulator.serve import running
from cogvid_pipeline.emulator.settings import Settings
from cogvid_pipeline.emulator.tasks import content_digest
from cogvid_pipeline.emulator.vendors import BIGMODEL, ZAI, base_path
from tests.vendor import small_clip


@pytest.fixture(params=[(ZaiClient, ZAI), (ZhipuAiClient, BIGMODEL)], ids=["zai", "bigmodel"])
def connect(request):
    """Makes a client of the vendor's that talks to an emulator."""
    kind, api = request.param

    def client(origin, *, retries=0):
        return kind(api_key="sk-any", base_url=origin + base_path(api), max_retries=retries)

    return client


def test_the_vendors_sdk_gets_a_clip(connect):
    settings = Settings(seconds=0.1, clip=small_clip())
    with running(settings) as origin, connect(origin) as client:
        accepted = client.videos.generations(
            model="cogvideox-3",
            prompt="A fox.",
            image_url=["https://example.com/first.png", "https://example.com/last.png"],
            size="1920x1080",
            request_id="request-1",
            user_id="user-1",
            watermark_enabled=False,
        )
        unfinished = client.videos.retrieve_videos_result(accepted.id)
        while (result := client.videos.retrieve_videos_result(accepted.id)).task_status == "PROCESSING":
            pass
        clip = httpx.get(result.video_result[0].url)

    assert (accepted.task_status, accepted.request_id) == ("PROCESSING", "request-1")
    assert (unfinished.task_status, unfinished.request_id) == ("PROCESSING", "request-1")
    assert (result.task_status, result.model) == ("SUCCESS", "cogvideox-3")
    assert clip.content.startswith(small_clip())


def test_the_vendors_sdk_hears_what_is_wrong(connect):
    with running(Settings()) as origin, connect(origin) as client:
        with pytest.raises(APIRequestFailedError, match=r"1214.*fps cannot be 24"):
            client.videos.generations(model="cogvideox-3", prompt="A fox.", fps=24)
        with pytest.raises(APIRequestFailedError, match=r"1214.*aspect_ratio"):
            client.videos.generations(model="cogvideox-3", prompt="A fox.", aspect_ratio="16:9")


def test_the_vendors_sdk_repeats_a_lost_submission_and_pays_once(connect):
    knobs = {"lost-after": 0.5}
    settings = Settings(knobs=knobs, seed=seed_for_one_strike(knobs), clip=small_clip())
    with running(settings) as origin, connect(origin, retries=1) as client:
        with pytest.raises(APIRequestFailedError, match=r"1231.*You already have a request: request-1"):
            client.videos.generations(model="cogvideox-3", prompt="A fox.", request_id="request-1")

        assert len(httpx.get(f"{origin}/emulator/tasks").json()) == 1


def seed_for_one_strike(knobs):
    """A seed with which the knob strikes the first time and not the second."""
    content = content_digest({"model": "cogvideox-3", "prompt": "A fox."})
    for seed in map(str, count()):
        chaos = Chaos(knobs, seed)
        if [chaos.strikes("lost-after", content) for _ in range(2)] == [True, False]:
            return seed
    raise AssertionError
