"""The canonical digest of a request."""

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from cogvid_pipeline.model.shot import (
    Fit,
    Image,
    ImageData,
    ImageFile,
    ImageUrl,
    Request,
    Scalar,
    Shot,
    ShotFrame,
)

# The SHA-256 of an upstream take's clip (bare hex), or None while it is yet to be made.
ClipDigest = Callable[[str], str | None]


def make_request(shot: Shot, clip_digest: ClipDigest, take: int = 1) -> Request:
    """What a take asks for, with images as digests; an image known only after apply is None.

    The number of the take tells it from the others, which ask for the same; the first has none.
    """
    request: dict[str, object] = {"model": shot.model}
    if take != 1:
        request["take"] = take
    if shot.prompt:
        request["prompt"] = shot.prompt
    if shot.images:
        request["image"] = [_identity(image, clip_digest) for image in shot.images]
    request.update(shot.parameters)
    return request


def fingerprint(request: Request, documented_defaults: Mapping[str, Mapping[str, Scalar]]) -> str | None:
    """SHA-256 of the RFC 8785 form of the request as "sha256:…"; None while an image of it is unknown.

    A parameter that equals its documented default counts as not written.
    """
    if None in request.get("image", ()):
        return None
    canonical = _canonical(significant(request, documented_defaults))
    return "sha256:" + hashlib.sha256(canonical.encode()).hexdigest()


def significant(request: Request, documented_defaults: Mapping[str, Mapping[str, Scalar]]) -> dict[str, Any]:
    """The request without what its model would assume anyway."""
    defaults = documented_defaults.get(request["model"], {})
    return {name: value for name, value in request.items() if name not in defaults or defaults[name] != value}


def _identity(image: Image, clip_digest: ClipDigest) -> str | None:
    match image:
        case ImageFile(digest=digest, fit=fit) | ImageData(digest=digest, fit=fit):
            return _fitted(digest, fit)
        case ImageUrl(url):
            return url
        case ShotFrame(at=at, fit=fit):
            if clip := clip_digest(image.source):
                time = at if isinstance(at, str) else format_seconds(at)
                return _fitted(f"frame:sha256:{clip}:{time}", fit)
            return None


def _fitted(picture: str, fit: Fit | None) -> str:
    """A prepared picture counts as what it is made of and how, not as the bytes that come out."""
    return f"fit:{fit.how}:{fit.size}:{picture}" if fit else picture


def format_seconds(seconds: float) -> str:
    """The shortest decimal text of a time: 2.0 and 2 are both "2"."""
    return repr(float(seconds)).removesuffix(".0")


# What RFC 8785 asks for, at the speed of C: a request has ASCII keys, text, whole numbers, booleans and lists
# of text, for which sorted keys and no spaces are all there is to it. A test compares it with the real thing.
_canonical = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode
