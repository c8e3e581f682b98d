"""Read the pictures of a submission, and put them into JSON."""

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from pathlib import Path

from cogvid_pipeline.errors import CogvidError
from cogvid_pipeline.model.shot import ImageFile
from cogvid_pipeline.model.wire import ImageBytes, ImageLink


def pictures(images: Sequence[ImageBytes | ImageLink]) -> str | list[str] | None:
    """One picture as text, the first and the last frame as a list; None where there is no picture."""
    texts = [_text(image) for image in images]
    return texts[0] if len(texts) == 1 else texts or None


def read_image(root: Path, image: ImageFile) -> bytes:
    """The bytes of an input picture. Raises CogvidError when it is not the one that was planned with."""
    try:
        data = (root / image.path).read_bytes()
    except OSError as error:
        raise CogvidError(
            f"cannot read {image.path}: {error.strerror}", hint="run the command again"
        ) from error
    if f"sha256:{hashlib.sha256(data).hexdigest()}" != image.digest:
        raise CogvidError(f"{image.path} was changed while the run went on", hint="run the command again")
    return data


def _text(image: ImageBytes | ImageLink) -> str:
    match image:
        case ImageLink(url):
            return url
        case ImageBytes(data, media_type):
            return f"data:{media_type};base64,{b64encode(data).decode('ascii')}"
