"""What GeekAI's documentation allows a submission to be, to the letter."""

import json
from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

LARGEST_IMAGE = 5 * 1024 * 1024
LONGEST_PROMPT = 512
MAGIC = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff", "image/jpg": b"\xff\xd8\xff"}

NEW_SIZES = {"1280x720", "720x1280", "1024x1024", "1920x1080", "1080x1920", "2048x1080", "3840x2160"}
OLD_SIZES = {
    "720x480", "1024x1024", "1280x960", "960x1280", "1920x1080", "1080x1920", "2048x1080", "3840x2160",
}  # fmt: skip
COMMON = {
    "quality": {"speed", "quality"},
    "with_audio": {True, False},
    "fps": {30, 60},
    "watermark": {True, False},
}
MODELS: dict[str, dict[str, set[Any]]] = {
    "cogvideox-3": {**COMMON, "size": NEW_SIZES, "duration": {5, 10}},
    "cogvideox-2": {**COMMON, "size": OLD_SIZES, "duration": {5, 10}},
    "cogvideox-flash": {**COMMON, "size": OLD_SIZES},
}


class Wrong(Exception):
    """What the vendor would say is wrong; `status` is the HTTP status that it says it under."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


def check_submission(headers: Mapping[str, str], raw: bytes) -> dict[str, Any]:
    """The body of a submission. Raises Wrong unless all of it is as documented."""
    if headers.get("content-type", "").split(";")[0].strip() != "application/json":
        raise Wrong("Content-Type must be application/json")
    body = parse(raw)
    if not isinstance(body, dict):
        raise Wrong("the body must be an object")
    model = body.get("model")
    if not isinstance(model, str) or model not in MODELS:
        raise Wrong(f"there is no model {model!r}")
    checks: dict[str, Callable[[Any], None]] = {
        "model": lambda _: None,
        "prompt": check_prompt,
        "image": lambda image: check_images(image, model, body),
        "async": lambda value: one_of("async", value, {True}),
        **{
            name: lambda value, name=name, allowed=allowed: one_of(name, value, allowed)
            for name, allowed in MODELS[model].items()
        },
    }
    for name, value in body.items():
        if name not in checks:
            raise Wrong(f"{model} has no parameter {name!r}")
        checks[name](value)
    if "prompt" not in body and "image" not in body:
        raise Wrong("a prompt or an image is needed")
    if "async" not in body:
        raise Wrong("this server answers only async: true")
    return body


def parse(raw: bytes) -> Any:
    try:
        return json.loads(raw.decode(), object_pairs_hook=unique, parse_constant=no_constant)
    except ValueError as error:
        raise Wrong(f"the body is no JSON: {error}") from error


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is there twice")
    return found


def no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def one_of(name: str, value: Any, allowed: set[Any]) -> None:
    # True == 1 in Python, but not on the wire.
    if not any(type(value) is type(choice) and value == choice for choice in allowed):
        raise Wrong(f"{name} cannot be {value!r}")


def check_prompt(prompt: Any) -> None:
    if not isinstance(prompt, str) or not prompt:
        raise Wrong("prompt must be text")
    if len(prompt) > LONGEST_PROMPT:
        raise Wrong(f"prompt has {len(prompt)} characters; {LONGEST_PROMPT} are allowed")


def check_images(image: Any, model: str, body: Mapping[str, Any]) -> None:
    if isinstance(image, str):
        check_image(image)
        return
    if not isinstance(image, list) or len(image) != 2:
        raise Wrong("image must be one string, or a list of the first and the last frame")
    if model != "cogvideox-3":
        raise Wrong(f"{model} takes one image")
    if body.get("quality", "speed") != "speed":
        raise Wrong("a first and a last frame need quality: speed")
    for one in image:
        check_image(one)


def check_image(image: Any) -> None:
    if not isinstance(image, str):
        raise Wrong("an image must be a string")
    if image.startswith(("http://", "https://")):
        if not urlsplit(image).hostname:
            raise Wrong("an image's URL needs a host")
        return
    data, media_type = decode_image(image)
    if not data.startswith(MAGIC[media_type]):
        raise Wrong(f"the image is no {media_type}")
    if len(data) > LARGEST_IMAGE:
        raise Wrong(f"the image has {len(data)} bytes; {LARGEST_IMAGE} are allowed", 413)


def decode_image(image: str) -> tuple[bytes, str]:
    """The bytes and the media type of a `data:` URI."""
    head, _, encoded = image.partition(",")
    media_type = head.removeprefix("data:").removesuffix(";base64")
    if head != f"data:{media_type};base64" or media_type not in MAGIC:
        raise Wrong("an image is a URL or data:image/png;base64,… or data:image/jpeg;base64,…")
    try:
        return b64decode(encoded, validate=True), media_type
    except ValueError as error:
        raise Wrong(f"the image is not Base64: {error}") from error
