"""Turn a take into what a provider is sent."""

from collections.abc import Awaitable, Callable

from cogvid_pipeline.model.shot import Image, ImageData, ImageFile, ImageUrl, ShotFrame, Take
from cogvid_pipeline.model.wire import ImageBytes, ImageLink, Submission

ReadImage = Callable[[ImageFile], bytes]
ReadFrame = Callable[[ShotFrame], Awaitable[tuple[bytes, str]]]


async def make_submission(take: Take, read_image: ReadImage, read_frame: ReadFrame) -> Submission:
    """The submission with its pictures loaded: files byte for byte, frames as `read_frame` gives them.

    Its request id is empty; each attempt gets its own.
    """
    shot = take.shot
    return Submission(
        request_id="",
        shot=shot.name,
        take=take.number,
        model=shot.model,
        prompt=shot.prompt,
        images=tuple([await _load(image, read_image, read_frame) for image in shot.images]),
        parameters=shot.parameters,
    )


async def _load(image: Image, read_image: ReadImage, read_frame: ReadFrame) -> ImageBytes | ImageLink:
    match image:
        case ImageUrl(url):
            return ImageLink(url)
        case ImageData(_, media_type, data):
            return ImageBytes(data, media_type)
        case ImageFile(_, _, media_type):
            return ImageBytes(read_image(image), media_type)
        case ShotFrame():
            return ImageBytes(*await read_frame(image))
