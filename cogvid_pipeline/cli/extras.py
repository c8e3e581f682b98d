"""What is installed only for those who want it."""

from collections.abc import Iterator
from contextlib import contextmanager

from cogvid_pipeline.errors import CogvidError


@contextmanager
def needing_extra(extra: str, what: str) -> Iterator[None]:
    """Import inside of the block what comes with an extra; `what` needs it. Raises CogvidError."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise CogvidError(
            f"{what} needs {(error.name or '').partition('.')[0]}, which is not installed",
            hint=f"pip install 'cogvid-pipeline[{extra}]'",
        ) from error
