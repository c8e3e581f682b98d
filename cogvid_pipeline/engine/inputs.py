"""Turn a take into what a provider is sent."""

from collections.abc import Awaitable, Callable

from cogvid_pipeline.model.shot import Fit, Image, ImageData, ImageFile, ImageUrl, ShotFrame, Take
from cogvid_pipeline.model.wire import ImageBytes, ImageLink, Submission

ReadImage = Callable[[ImageFile], bytes]
ReadFrame = Callable[[ShotFrame], Awaitable[tuple[bytes, str]]]
# Gives the picture that is made of one, and its media type.
FitPicture = Callable[[bytes, Fit], Awaitable[tuple[bytes, str]]]


async def make_submission(
    take: Take, read_image: ReadImage, read_frame: ReadFrame, fit_picture: FitPicture
) -> Submission:
    """The submission with its pictures loaded: files byte for byte, frames as `read_frame` gives them.

    Where one is to fit, what is made of it takes its place.
    Its request id is empty; each attempt gets its own.
    """

    async def load(image: Image) -> ImageBytes | ImageLink:
        if isinstance(image, ImageUrl):
            return ImageLink(image.url)
        picture = await _load(image, read_image, read_frame)
        return ImageBytes(*await fit_picture(picture.data, image.fit)) if image.fit else picture

    shot = take.shot
    return Submission(
        request_id="",
        shot=shot.name,
        take=take.number,
        model=shot.model,
        prompt=shot.prompt,
        images=tuple([await load(image) for image in shot.images]),
        parameters=shot.parameters,
    )


async def _load(
    image: ImageFile | ImageData | ShotFrame, read_image: ReadImage, read_frame: ReadFrame
) -> ImageBytes:
    match image:
        case ImageData(_, media_type, data):
            return ImageBytes(data, media_type)
        case ImageFile(_, _, media_type):
            return ImageBytes(read_image(image), media_type)
        case ShotFrame():
            return ImageBytes(*await read_frame(image))
