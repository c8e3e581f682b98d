"""Have this machine do what a crew cannot."""

from collections.abc import Collection
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import TypeVar

from cogvid_pipeline.errors import MediaError
from cogvid_pipeline.jobs import Crew, Job, cancel

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reserve:
    """A crew for a run that must not fail with its cluster: clips that were paid for are on their way."""

    crew: Crew
    executor: Executor
    near: bool = False

    def begin(self, job: Job[T]) -> Future[T]:
        return self.executor.submit(self._do, job)

    def drop(self, begun: Collection[Future[T]]) -> None:
        cancel(begun)

    def _do(self, job: Job[T]) -> T:
        try:
            return self.crew.begin(job).result()
        except MediaError:
            raise
        except Exception:  # says nothing about the clip
            return job.do()
