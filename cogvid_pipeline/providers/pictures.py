"""Put the pictures of a submission into JSON."""

from base64 import b64encode
from collections.abc import Sequence

from cogvid_pipeline.model.wire import ImageBytes, ImageLink


def pictures(images: Sequence[ImageBytes | ImageLink]) -> str | list[str] | None:
    """One picture as text, the first and the last frame as a list; None where there is no picture."""
    texts = [_text(image) for image in images]
    return texts[0] if len(texts) == 1 else texts or None


def _text(image: ImageBytes | ImageLink) -> str:
    match image:
        case ImageLink(url):
            return url
        case ImageBytes(data, media_type):
            return f"data:{media_type};base64,{b64encode(data).decode('ascii')}"
