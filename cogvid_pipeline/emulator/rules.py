"""What a request may be, to the letter of each vendor's documentation."""

import json
from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, TypeAlias
from urllib.parse import urlsplit

from cogvid_pipeline.emulator.errors import Refusal
from cogvid_pipeline.emulator.vendors import Api

LARGEST_IMAGE = 5 * 1024 * 1024
LONGEST_PROMPT = 512

Body: TypeAlias = Mapping[str, Any]
# Raises Refusal unless a parameter's value is one that the model takes.
_Check: TypeAlias = Callable[[Any], None]

_MAGIC = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff", "image/jpg": b"\xff\xd8\xff"}

_SIZES = ("1280x720", "720x1280", "1024x1024", "1920x1080", "1080x1920", "2048x1080", "3840x2160")
_OLDER_SIZES = (
    "720x480", "1024x1024", "1280x960", "960x1280", "1920x1080", "1080x1920", "2048x1080", "3840x2160",
)  # fmt: skip
_EVERY_MODEL: dict[str, tuple[Any, ...]] = {
    "quality": ("speed", "quality"),
    "with_audio": (True, False),
    "fps": (30, 60),
}
_MODELS: dict[str, dict[str, tuple[Any, ...]]] = {
    "cogvideox-3": {**_EVERY_MODEL, "size": _SIZES, "duration": (5, 10)},
    "cogvideox-2": {**_EVERY_MODEL, "size": _OLDER_SIZES, "duration": (5, 10)},
    "cogvideox-flash": {**_EVERY_MODEL, "size": _OLDER_SIZES},
}
_TAKES_A_PAIR = "cogvideox-3"


def check_key(headers: Mapping[str, str], key: str = "") -> None:
    """Raises Refusal unless a request carries this key, or without one any that could have been printed."""
    sent = headers.get("authorization")
    if sent is None:
        raise Refusal("the Authorization header is missing", code="1001", status=401)
    scheme, _, given = sent.partition(" ")
    if scheme != "Bearer" or not (given.isascii() and given.isprintable() and given.strip()):
        raise Refusal("the Authorization header must be `Bearer KEY`", code="1002", status=401)
    if key and given != key:
        raise Refusal("the API key is not valid", code="1000", status=401)


def check_submission(api: Api, headers: Mapping[str, str], raw: bytes) -> dict[str, Any]:
    """The parameters of a submission; header names are in lower case. Raises Refusal for anything else."""
    if headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
        raise Refusal("Content-Type must be application/json", code="1210")
    body = _parse(raw)
    if not isinstance(body, dict):
        raise Refusal("the body must be an object", code="1210")
    if api.coded:
        # The vendor's own SDK sends null for whatever is not set.
        body = {name: value for name, value in body.items() if value is not None}
    model = body.get("model")
    if model not in api.models:
        raise Refusal(f"there is no model {model!r:.80}", code="1211" if "model" in body else "1213")
    checks = _checks(api, model, body)
    for name, value in body.items():
        if name not in checks:
            raise Refusal(f"{model} has no parameter {name!r:.80}")
        checks[name](value)
    if "prompt" not in body and api.image not in body:
        raise Refusal("a prompt or an image is needed", code="1213")
    if not api.coded and "async" not in body:
        raise Refusal("this server answers only async: true")
    return body


def image_bytes(image: str) -> bytes | None:
    """The picture that a string holds, None for a link. Raises Refusal when it is neither."""
    if image.startswith(("http://", "https://")):
        if not _host(image):
            raise Refusal("an image's URL needs a host")
        return None
    media_type, encoded = _opened(image)
    try:
        data = b64decode(encoded, validate=True)
    except ValueError as error:
        raise Refusal(f"the image is not Base64: {error}") from error
    if not data.startswith(_MAGIC[media_type] if media_type else tuple(_MAGIC.values())):
        raise Refusal(f"the image is no {media_type or 'PNG or JPEG'}")
    return data


# --- the body -----------------------------------------------------------------------------------------


def _parse(raw: bytes) -> Any:
    try:
        return json.loads(raw.decode(), object_pairs_hook=_unique, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise Refusal(f"the body is no JSON: {error}", code="1210") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is there twice")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


# --- the parameters -----------------------------------------------------------------------------------


def _checks(api: Api, model: str, body: Body) -> dict[str, _Check]:
    """What is to be looked at in each parameter that there is."""
    own: dict[str, _Check] = (
        {"request_id": _text("request_id", 1), "user_id": _text("user_id", 6, 128)}
        if api.coded
        else {"async": _one_of("async", (True,))}
    )
    return {
        "model": lambda _: None,
        "prompt": _check_prompt,
        api.image: lambda images: _check_images(api, images, model, body),
        api.watermark: _one_of(api.watermark, (True, False)),
        **{name: _one_of(name, choices) for name, choices in _MODELS[model].items()},
        **own,
    }


def _one_of(name: str, choices: tuple[Any, ...]) -> _Check:
    def check(value: Any) -> None:
        # True == 1 in Python, but not on the wire.
        if not any(type(value) is type(choice) and value == choice for choice in choices):
            raise Refusal(f"{name} cannot be {value!r:.80}")

    return check


def _text(name: str, shortest: int, longest: int | None = None) -> _Check:
    def check(value: Any) -> None:
        if not isinstance(value, str) or not shortest <= len(value) <= (longest or len(value)):
            span = f"{shortest} to {longest}" if longest else f"at least {shortest}"
            raise Refusal(f"{name} must be text of {span} characters")
        if not value.isprintable():
            raise Refusal(f"{name} has characters that cannot be printed")

    return check


def _check_prompt(prompt: Any) -> None:
    if not isinstance(prompt, str) or not prompt:
        raise Refusal("prompt must be text")
    if len(prompt) > LONGEST_PROMPT:
        raise Refusal(f"prompt has {len(prompt)} characters; {LONGEST_PROMPT} are allowed")


def _check_images(api: Api, images: Any, model: str, body: Body) -> None:
    if isinstance(images, str):
        _check_image(api, images)
        return
    if not isinstance(images, list) or len(images) != 2:
        raise Refusal(f"{api.image} must be one string, or a list of the first and the last frame")
    if model != _TAKES_A_PAIR:
        raise Refusal(f"{model} takes one image")
    if body.get("quality", "speed") != "speed":
        raise Refusal("a first and a last frame need quality: speed")
    for image in images:
        _check_image(api, image)


def _check_image(api: Api, image: Any) -> None:
    if not isinstance(image, str):
        raise Refusal("an image must be a string")
    if not api.coded and not image.startswith(("http://", "https://", "data:")):
        raise Refusal("an image is a URL or data:image/png;base64,… or data:image/jpeg;base64,…")
    data = image_bytes(image)
    if data is not None and len(data) > LARGEST_IMAGE:
        raise Refusal(f"the image has {len(data)} bytes; {LARGEST_IMAGE} are allowed", status=413)


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _opened(image: str) -> tuple[str, str]:
    """The media type, empty for bare Base64, and the encoded bytes."""
    if not image.startswith("data:"):
        return "", image
    head, _, encoded = image.removeprefix("data:").partition(",")
    media_type = head.removesuffix(";base64")
    if head != f"{media_type};base64" or media_type not in _MAGIC:
        raise Refusal("an image is a URL or data:image/png;base64,… or data:image/jpeg;base64,…")
    return media_type, encoded
