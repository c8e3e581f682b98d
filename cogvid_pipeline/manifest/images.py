"""Pictures that a manifest names: files beside it, URLs and data: URIs."""

import base64
import binascii
import glob
import re
import stat
from collections.abc import Container, Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path, PureWindowsPath
from urllib.parse import quote, unquote, urlsplit

from cogvid_pipeline.manifest.pixels import MAX_PIXELS, DamagedError, Pixels, TooManyPixelsError, examine
from cogvid_pipeline.manifest.suggest import Suggestions
from cogvid_pipeline.model.shot import ImageData, ImageFile, ImageUrl

MAX_BYTES = 5_000_000
# Of one that something smaller is made of before it is sent.
MAX_SOURCE_BYTES = 30_000_000
PNG, JPEG = "image/png", "image/jpeg"

_SIGNATURES = ((b"\x89PNG\r\n\x1a\n", PNG), (b"\xff\xd8\xff", JPEG))
_OTHERS = (
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "a WebP picture"),
    (re.compile(rb"GIF8"), "a GIF"),
    (re.compile(rb"BM"), "a BMP picture"),
    (re.compile(rb"....ftyp(heic|heix|mif1)", re.DOTALL), "a HEIC picture"),
    (re.compile(rb"....ftyp", re.DOTALL), "a video"),
    (re.compile(rb"\s*(<\?xml|<svg)"), "an SVG drawing"),
    (re.compile(rb"$"), "an empty file"),
    (re.compile(rb"version https://git-lfs"), "a Git LFS pointer"),
)
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
_WEB_ADDRESS = re.compile(r"https?:/*(?=\w)|(?=www\.)", re.IGNORECASE)
_BASE64_PICTURE = re.compile(r"(iVBORw0KGgo|/9j/)[A-Za-z0-9+/=\s]{40,}")
_DATA_URI = re.compile(r"data:([^,;]*)((?:;[^,;]*)*),(.*)", re.DOTALL | re.IGNORECASE)


class ImageMistake(Exception):
    """What is wrong with a picture, in the user's words."""

    def __init__(self, code: str, message: str, hint: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint


class Pictures:
    """Looks up pictures for a manifest in `directory`; each file is read once.

    Where a file is missing, one of the `shots` may have been meant.
    """

    def __init__(self, directory: Path, shots: Container[str] = ()) -> None:
        self._directory = directory
        self._root = directory.resolve()
        self._files: dict[str, ImageFile] = {}
        self._pixels: dict[str, Pixels] = {}
        self._sizes: dict[str, int] = {}
        self._shots = shots
        self._suggestions = Suggestions()

    def find(self, address: str, *, prepared: bool = False) -> ImageFile | ImageUrl | ImageData:
        """The picture at an address as it stands in the manifest. Raises ImageMistake.

        One that something is made of before it is sent, which is then `prepared`, may be larger.
        """
        picture = self._find(address)
        if not (prepared or isinstance(picture, ImageUrl)):
            _check_size(subject_of(address), self._sizes[picture.digest], MAX_BYTES)
        return picture

    def _find(self, address: str) -> ImageFile | ImageUrl | ImageData:
        if address[:5].lower() == "data:":
            picture = _data(address)
            self._examine(address, picture.digest, picture.data)
            return picture
        if scheme := _SCHEME.match(address):
            return _url(address, scheme[1].lower())
        if address not in self._files:
            self._files[address] = self._file(address)
        return self._files[address]

    def pixels(self, picture: ImageFile | ImageData) -> Pixels:
        """What there is to a picture that was found."""
        return self._pixels[picture.digest]

    def _examine(self, address: str, digest: str, data: bytes) -> None:
        if digest in self._pixels:
            return
        self._sizes[digest] = len(data)
        try:
            self._pixels[digest] = examine(data)
        except DamagedError as error:
            message = f"{subject_of(address)} is damaged or cut off, and cannot be decoded"
            raise ImageMistake("CV435", message, "copy it again, or save it anew") from error
        except TooManyPixelsError as error:
            message = f"{subject_of(address)} has more than {MAX_PIXELS:,} pixels"
            raise ImageMistake("CV428", message, "save it smaller") from error

    def _file(self, address: str) -> ImageFile:
        try:
            real = (self._directory / address).resolve()
            if not real.is_relative_to(self._root):
                hint = "copy the picture into that directory; links must not lead out of it either"
                raise ImageMistake("CV413", f"{_short(address)} lies outside the manifest's directory", hint)
            details = real.stat()
            if not stat.S_ISREG(details.st_mode):
                raise ImageMistake("CV410", f"{_short(address)} is not a file", "name a png or jpeg file")
            _check_size(_short(address), details.st_size, MAX_SOURCE_BYTES)
            data = real.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            raise self._missing(address) from None
        except (OSError, RuntimeError, ValueError) as error:
            raise _unreadable(address, error) from error
        path = real.relative_to(self._root) if Path(address).is_absolute() else Path(address)
        picture = ImageFile(path.as_posix(), _digest(data), _media_type(_short(address), data))
        self._examine(address, picture.digest, data)
        return picture

    def _missing(self, address: str) -> ImageMistake:
        if _BASE64_PICTURE.match(address):
            return ImageMistake(
                "CV415", "this is Base64 without its media type", "begin it with data:image/png;base64,"
            )
        return ImageMistake("CV410", f"there is no file {_short(address)}", self._instead(address))

    def _instead(self, address: str) -> str:
        """What to write instead of the address of a file that is not there."""
        if address in self._shots:
            return f"for a frame of that shot, write {{shot: {address}, frame: last}}"
        if "\\" in address:
            return f"write / instead of \\: {PureWindowsPath(address).as_posix()}"
        if url := _WEB_ADDRESS.match(address):
            return f"write https://{address[url.end() :]}"
        path = Path(address)
        names = list(_names((self._directory / path).parent))
        stems = {Path(name).stem: name for name in names}
        near = stems.get(self._suggestions.nearest(path.stem, stems))
        if near:
            return f"write {path.with_name(near).as_posix()}"
        elsewhere = sorted(self._directory.glob(f"*/{glob.escape(path.name)}"))
        if elsewhere:
            return f"write {elsewhere[0].relative_to(self._directory).as_posix()}"
        return "paths are relative to the manifest's directory"


def subject_of(address: str) -> str:
    """What the picture at an address is called in a sentence."""
    return "this picture" if address[:5].lower() == "data:" else _short(address)


def _names(directory: Path) -> Iterator[str]:
    """What lies in a directory, when there is one that can be looked into."""
    with suppress(OSError):
        yield from sorted(path.name for path in directory.iterdir())


def _url(address: str, scheme: str) -> ImageUrl:
    problem = _url_problem(address, scheme)
    if problem:
        message, hint = problem
        raise ImageMistake("CV414", message, hint)
    return ImageUrl(address)


def _url_problem(address: str, scheme: str) -> tuple[str, str] | None:
    example = "as in: https://example.com/lantern.png"
    if scheme not in {"http", "https"}:
        return f"a vendor cannot fetch {scheme}:// addresses", f"give an http(s) address, {example}"
    if unfit := re.search(r"[\s\x00-\x20\x7f<>\"\\\\^`{|}]", address):
        return f"a URL cannot contain {unfit[0]!r}", f"write it percent-encoded: {quote(unfit[0])}"
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return f"{_short(address)} is not a URL", example
    if not host:
        return f"{_short(address)} names no host", example
    if parts.username is not None or parts.password is not None:
        return (
            "this URL has a user name or a password in it",
            "make the picture readable without, or use a file",
        )
    return None


def _data(address: str) -> ImageData:
    uri = _DATA_URI.fullmatch(address)
    if not uri:
        raise ImageMistake(
            "CV415", "this data: URI has no comma before its data", "as in: data:image/png;base64,…"
        )
    declared, options, payload = uri[1].lower(), uri[2].lower(), uri[3]
    if ";base64" not in options:
        raise ImageMistake("CV415", "this data: URI is not Base64", "as in: data:image/png;base64,…")
    try:
        data = base64.b64decode(re.sub(r"\s", "", unquote(payload)), validate=True)
    except (binascii.Error, ValueError) as error:
        message = "the data of this data: URI is not Base64"
        raise ImageMistake("CV415", message, "encode the picture again; it may have been cut off") from error
    media_type = _media_type(subject_of(address), data)
    if declared.replace("jpg", "jpeg") != media_type:
        message = f"this data: URI says {declared or 'nothing'}, but its data is {media_type}"
        raise ImageMistake("CV415", message, f"begin it with data:{media_type};base64,")
    return ImageData(_digest(data), media_type, data)


def _check_size(subject: str, size: int, most: int) -> None:
    if size > most:
        message = f"{subject} has {size:,} bytes; {most:,} at most"
        prepared = "; `fit: crop` or `fit: pad` does that, too" if most == MAX_BYTES else ""
        raise ImageMistake("CV412", message, f"save it smaller, or as jpeg{prepared}")


def _media_type(subject: str, data: bytes) -> str:
    for signature, media_type in _SIGNATURES:
        if data.startswith(signature):
            return media_type
    found = next((words for pattern, words in _OTHERS if pattern.match(data)), "")
    message = f"{subject} is {found}, not png or jpeg" if found else f"{subject} is neither png nor jpeg"
    raise ImageMistake("CV411", message, "save it as png or jpeg")


def _unreadable(address: str, error: Exception) -> ImageMistake:
    reason = getattr(error, "strerror", None) or "the path cannot be followed"
    message = f"the image {_short(address)} cannot be read: {reason}"
    return ImageMistake("CV410", message, "check the path and the permissions")


def _digest(data: bytes) -> str:
    return f"sha256:{sha256(data).hexdigest()}"


def _short(address: str) -> str:
    return address if len(address) <= 80 else f"{address[:79]}…"
