"""Have jobs done on this machine."""

from collections.abc import Collection
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import TypeVar

from cogvid_pipeline.jobs import Job, cancel

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Here:
    """The threads of this process, or processes where it is not `near`."""

    executor: Executor
    near: bool = True

    def begin(self, job: Job[T]) -> Future[T]:
        return self.executor.submit(job.do)

    def drop(self, begun: Collection[Future[T]]) -> None:
        cancel(begun)
