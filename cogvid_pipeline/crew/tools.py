"""What the bytes of pictures and videos depend on, besides what they are made from."""

from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import TypeAlias

# The versions of packages.
Tools: TypeAlias = Mapping[str, str | None]

PACKAGES = ("cogvid-pipeline", "av", "pillow", "pylopdf-fonts-zh-cn")


def tools() -> Tools:
    """Those of this machine; None for what it has not."""
    return {package: _version(package) for package in PACKAGES}


def differing(wanted: Tools, there: Tools) -> Iterator[str]:
    """In words, what is there in another version."""
    for package in PACKAGES:
        if there.get(package) != wanted[package]:
            yield f"{package} {there.get(package) or 'is missing'}, not {wanted[package]}"


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
