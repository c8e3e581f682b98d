"""Jobs: work on media that anybody can do who has the files."""

import os
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping
from concurrent.futures import Future, wait
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Generic, Protocol, TypeAlias, TypeVar

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)

# Where files are, by their digests (bare hex SHA-256).
Files: TypeAlias = Mapping[str, Path]

_NOWHERE = Path(os.devnull)
_BLINK = 0.2  # seconds


@dataclass(frozen=True, slots=True)
class Job(Generic[T]):
    """`work` is called with the files and with where to write one; what it returns is small.

    It is a function of a module, or a `partial` of one, and looks at nothing else on the machine: so it can
    be done in another process or on another machine, and again where that one has died. `into` is None for
    work that writes nothing.
    """

    work: Callable[[Files, Path], T]
    files: Files
    into: Path | None = None

    def do(self) -> T:
        """Do it here and now."""
        return self.work(self.files, self.into or _NOWHERE)


class Crew(Protocol):
    """Whoever does jobs; may be called from several threads.

    A future raises what its job does; where nobody can do it at all, that is ClusterError. `near` says that
    the work is done in this process, so that functions which it calls as it goes on are heard.
    """

    @property
    def near(self) -> bool: ...

    def begin(self, job: Job[T]) -> Future[T]:
        """Have a job done; when its future is, its file lies where it is to be."""
        ...

    def drop(self, begun: Collection[Future[T]]) -> None:
        """Give up what was begun, and with it the crew; when this returns, no file comes any more."""
        ...


def cancel(futures: Collection[Future[T]]) -> None:
    """Have those not begin that have not yet, and wait for the others."""
    for future in futures:
        future.cancel()
    wait(futures)


def look(find_out: Callable[[Path], T], sha256: str, clip: Path) -> Job[T]:
    """The job of finding something out about one clip."""
    return Job(partial(_look, find_out, sha256), {sha256: clip})


def draw(make: Callable[[Path, Path], T], sha256: str, clip: Path, into: Path) -> Job[T]:
    """The job of making a file of another one."""
    return Job(partial(_draw, make, sha256), {sha256: clip}, into)


def finished(futures: Collection[Future[T]]) -> Iterator[Future[T]]:
    """The futures, each as soon as it is done."""
    done: SimpleQueue[Future[T]] = SimpleQueue()
    for future in futures:
        future.add_done_callback(done.put)
    for _ in futures:
        while True:
            # Not for ever at once: a signal need not wake a thread that waits.
            with suppress(Empty):
                yield done.get(timeout=_BLINK)
                break


def answers(crew: Crew, jobs: Mapping[K, Job[T]]) -> dict[K, T]:
    """What comes of several jobs, in their order; raises what the first to fail fails with."""
    begun = {crew.begin(job): key for key, job in jobs.items()}
    found = {begun[future]: future.result() for future in finished(begun)}
    return {key: found[key] for key in jobs}


def _look(find_out: Callable[[Path], T], sha256: str, files: Files, _into: Path) -> T:
    return find_out(files[sha256])


def _draw(make: Callable[[Path, Path], T], sha256: str, files: Files, into: Path) -> T:
    return make(files[sha256], into)
