"""What BigModel and Z.AI take; GeekAI's rules are shown by tests/unit/providers/test_vendor.py."""

import json
from base64 import b64encode

import pytest

from cogvid_pipeline.emulator.errors import Refusal, refuse
from cogvid_pipeline.emulator.rules import check_key, check_submission
from cogvid_pipeline.emulator.vendors import APIS, BIGMODEL, GEEKAI, ZAI

PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 40
JSON = {"content-type": "application/json; charset=UTF-8"}
GOOD = {"model": "cogvideox-3", "prompt": "A fox.", "request_id": "request-1"}
LINK = "https://example.com/a.png"
PAIR = [LINK, "https://example.com/b.jpg"]


def data_uri(data, media_type="image/png"):
    return f"data:{media_type};base64,{b64encode(data).decode()}"


def check(body, *, api=BIGMODEL, headers=JSON):
    return check_submission(api, headers, body if isinstance(body, bytes) else json.dumps(body).encode())


def refused(body, *, api=BIGMODEL, headers=JSON):
    with pytest.raises(Refusal) as refusal:
        check(body, api=api, headers=headers)
    status, answer = refuse(api, refusal.value)
    return status, answer["error"]["code"], answer["error"]["message"]


@pytest.mark.parametrize("api", [BIGMODEL, ZAI], ids=lambda api: api.name)
@pytest.mark.parametrize(
    "body",
    [
        GOOD,
        {"model": "cogvideox-3", "prompt": "A fox."},
        {"model": "cogvideox-3", "image_url": LINK},
        {**GOOD, "image_url": data_uri(PNG)},
        {**GOOD, "image_url": b64encode(PNG).decode()},
        {**GOOD, "image_url": PAIR, "quality": "speed"},
        {**GOOD, "quality": "quality", "with_audio": True, "size": "3840x2160", "fps": 60, "duration": 10},
        {**GOOD, "watermark_enabled": False},
        {**GOOD, "user_id": "u" * 6},
        {**GOOD, "user_id": "u" * 128},
    ],
)
def test_a_documented_submission_is_taken(api, body):
    assert check(body, api=api) == body


def test_null_is_as_good_as_left_out_since_the_vendors_own_sdk_sends_it():
    nulls = dict.fromkeys(["image_url", "quality", "style", "aspect_ratio", "user_id", "watermark_enabled"])

    assert check({**GOOD, **nulls}) == GOOD


@pytest.mark.parametrize("api", [BIGMODEL, ZAI], ids=lambda api: api.name)
@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ({**GOOD, "model": "cogvideox-9"}, "1211", "cogvideox-9"),
        ({**GOOD, "model": ["cogvideox-3"]}, "1211", "model"),
        ({"prompt": "A fox."}, "1213", "model"),
        ({**GOOD, "model": None}, "1213", "model"),
        ({"model": "cogvideox-3"}, "1213", "prompt or an image"),
        ({**GOOD, "prompt": None}, "1213", "prompt or an image"),
        ({**GOOD, "prompt": ""}, "1214", "prompt"),
        ({**GOOD, "prompt": "狐" * 513}, "1214", "513"),
        ({**GOOD, "async": True}, "1214", "async"),
        ({**GOOD, "image": LINK}, "1214", "'image'"),
        ({**GOOD, "watermark": True}, "1214", "'watermark'"),
        ({**GOOD, "watermark_enabled": 1}, "1214", "watermark_enabled"),
        ({**GOOD, "retries": 1}, "1214", "retries"),
        ({**GOOD, "negative_prompt": "rain"}, "1214", "negative_prompt"),
        ({**GOOD, "aspect_ratio": "16:9"}, "1214", "aspect_ratio"),
        ({**GOOD, "quality": "best"}, "1214", "quality"),
        ({**GOOD, "size": "1920*1080"}, "1214", "size"),
        ({**GOOD, "fps": 24}, "1214", "fps"),
        ({**GOOD, "fps": True}, "1214", "fps"),
        ({**GOOD, "duration": 5.0}, "1214", "duration"),
        ({**GOOD, "with_audio": "true"}, "1214", "with_audio"),
        ({**GOOD, "request_id": ""}, "1214", "request_id"),
        ({**GOOD, "request_id": 7}, "1214", "request_id"),
        ({**GOOD, "request_id": "\ud800"}, "1214", "request_id"),
        ({**GOOD, "user_id": "u" * 5}, "1214", "6 to 128"),
        ({**GOOD, "user_id": "u" * 129}, "1214", "6 to 128"),
        ({**GOOD, "image_url": PAIR, "quality": "quality"}, "1214", "speed"),
        ({**GOOD, "image_url": PAIR[:1]}, "1214", "image_url"),
        ({**GOOD, "image_url": [*PAIR, LINK]}, "1214", "image_url"),
        ({**GOOD, "image_url": [LINK, None]}, "1214", "string"),
        ({**GOOD, "image_url": {"url": LINK}}, "1214", "image_url"),
        ({**GOOD, "image_url": "https://"}, "1214", "host"),
        ({**GOOD, "image_url": "https://[::1"}, "1214", "host"),
        ({**GOOD, "image_url": "frames/a.png"}, "1214", "Base64"),
        ({**GOOD, "image_url": b64encode(b"GIF89a").decode()}, "1214", "PNG or JPEG"),
        ({**GOOD, "image_url": data_uri(PNG, "image/jpeg")}, "1214", "image/jpeg"),
        ({**GOOD, "image_url": data_uri(PNG, "image/gif")}, "1214", "data:image/png"),
        ([GOOD], "1210", "object"),
        (b"{not json", "1210", "JSON"),
        (b"[" * 100_000, "1210", "JSON"),
        (b'{"model": "cogvideox-3", "prompt": NaN}', "1210", "NaN"),
        (b'{"model": "cogvideox-3", "prompt": "a", "prompt": "b"}', "1210", "twice"),
    ],
)
def test_anything_else_is_refused_with_the_vendors_code(api, body, code, words):
    status, said, message = refused(body, api=api)

    assert (status, said) == (400, code)
    assert words in message


def test_models_that_only_bigmodel_has_are_unknown_at_zai():
    body = {**GOOD, "model": "cogvideox-flash"}

    assert check(body) == body
    assert refused(body, api=ZAI)[:2] == (400, "1211")


def test_an_image_may_have_five_megabytes_and_no_byte_more():
    largest = PNG.ljust(5 * 1024 * 1024, b"x")
    body = {**GOOD, "image_url": data_uri(largest + b"x")}

    assert check({**GOOD, "image_url": data_uri(largest)})
    assert refused(body)[:2] == (400, "1214")


@pytest.mark.parametrize("api", APIS.values(), ids=lambda api: api.name)
def test_a_body_must_be_declared_as_json(api):
    assert refused(GOOD, api=api, headers={"content-type": "text/plain"})[0] == 400


@pytest.mark.parametrize(
    ("headers", "key", "code"),
    [
        ({}, "", "1001"),
        ({"authorization": "sk-1"}, "", "1002"),
        ({"authorization": "Basic sk-1"}, "", "1002"),
        ({"authorization": "Bearer "}, "", "1002"),
        ({"authorization": "Bearer sk-\t1"}, "", "1002"),
        ({"authorization": "Bearer sk-2"}, "sk-1", "1000"),
    ],
)
def test_a_request_needs_a_key(headers, key, code):
    with pytest.raises(Refusal) as refusal:
        check_key(headers, key)

    assert refuse(ZAI, refusal.value)[0] == 401
    assert refuse(ZAI, refusal.value)[1]["error"]["code"] == code
    assert refuse(GEEKAI, refusal.value) == (401, {"error": {"code": "401", "message": str(refusal.value)}})


def test_any_key_does_where_none_is_asked_for():
    check_key({"authorization": "Bearer anything.at-all"})
    check_key({"authorization": "Bearer sk-1"}, "sk-1")
