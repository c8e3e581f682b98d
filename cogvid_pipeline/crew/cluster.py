"""Have jobs done by the workers of a Dask cluster: files go there and come back through the shared store."""

import threading
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TypeVar

import dask.config
from dask.utils import parse_timedelta
from distributed import Client, KilledWorker

from cogvid_pipeline.crew.scheduler import connected
from cogvid_pipeline.crew.tools import tools
from cogvid_pipeline.crew.worker import Made, Order, carry_out
from cogvid_pipeline.errors import ClusterError, MediaError, StoreError, in_a_line
from cogvid_pipeline.jobs import Job, cancel
from cogvid_pipeline.remote.exchange import Exchange
from cogvid_pipeline.remote.places import anywhere

T = TypeVar("T")

# Jobs that are on their way at once: more than this would be waiting for workers.
MOST_JOBS = 128

_BLINK = 0.2  # seconds
_LOOK = 1.0  # seconds
_ANSWER = 30.0  # seconds in which a scheduler has to say something
_PATIENCE = "60 s"  # without any worker
_AGAIN = "run the command again: it goes on where it was"


@contextmanager
def cluster(
    address: str,
    exchange: Exchange,
    *,
    most: int = MOST_JOBS,
    say: Callable[[str], None],
    answer: float = _ANSWER,
) -> Iterator["Cluster"]:
    """The crew behind a scheduler, for as long as the block lasts; `say` hears what everybody waits for.

    A scheduler that says nothing for `answer` seconds has gone. An exception that leaves the block drops what
    is under way. Raises ClusterError when it cannot be had.
    """
    with connected(address) as client:
        crew = Cluster(client, address, exchange, most)
        watching = threading.Thread(target=crew.watch, args=[say, answer], daemon=True)
        watching.start()
        try:
            yield crew
        except BaseException:
            crew.give_up(_dropped())
            raise
        finally:
            crew.close()
            watching.join(_LOOK)  # no longer, as it may be asking a scheduler that says nothing


class Cluster:
    """Fits jobs.Crew. A thread here sees each job through."""

    near = False

    def __init__(self, client: Client, address: str, exchange: Exchange, most: int) -> None:
        self._client = client
        self._address = address
        self._executor = client.get_executor(pure=False)
        self._exchange = exchange
        self._threads = ThreadPoolExecutor(most)
        self._over = threading.Event()
        self._lost: ClusterError | None = None

    def begin(self, job: Job[T]) -> Future[T]:
        return self._threads.submit(self._see_through, job)

    def drop(self, begun: Collection[Future[T]]) -> None:
        self.give_up(_dropped())
        cancel(begun)

    def watch(self, say: Callable[[str], None], answer: float) -> None:
        """Give up when the scheduler has gone, or when there was no worker for too long."""
        patience = parse_timedelta(dask.config.get("distributed.scheduler.no-workers-timeout") or _PATIENCE)
        seen, said = time.monotonic(), False
        while not self._over.wait(_LOOK):
            try:
                workers = self._client.nthreads(callback_timeout=answer)
            except Exception:
                self.give_up(self._gone())
                return
            if workers:
                seen, said = time.monotonic(), False
                continue
            waited = time.monotonic() - seen
            if not said:
                say(f"the cluster at {self._address} has no worker: waiting for one")
                said = True
            if waited > patience:
                hint = f"start one with `dask worker {self._address}`"
                self.give_up(ClusterError(f"the cluster at {self._address} has no worker", hint=hint))
                return

    def give_up(self, reason: ClusterError) -> None:
        """Have all jobs fail that are not done yet, and those to come."""
        self._lost = self._lost or reason

    def close(self) -> None:
        """Wait for what is under way."""
        self._threads.shutdown(cancel_futures=self._lost is not None)
        self._over.set()

    def _see_through(self, job: Job[T]) -> T:
        needs = {name: self._open().put(path) for name, path in job.files.items()}
        store = anywhere(self._exchange.bucket.address)
        order = Order(job.work, needs, job.into is not None, store, tools())
        made: Made[T] = self._wait(self._submit(order))
        if job.into and made.file:
            self._open().fetch(made.file, job.into)
        return made.said

    def _open(self) -> Exchange:
        """The way to the workers, for as long as there is one."""
        if self._lost:
            raise self._lost
        return self._exchange

    def _gone(self) -> ClusterError:
        return ClusterError(f"the scheduler at {self._address} has gone", hint=_AGAIN)

    def _submit(self, order: Order[T]) -> Future[Made[T]]:
        if self._lost:
            raise self._lost
        try:
            future: Future[Made[T]] = self._executor.submit(carry_out, order)
        except Exception as error:
            self.give_up(self._gone())
            raise self._gone() from error
        return future

    def _wait(self, future: Future[T]) -> T:
        while not wait([future], _BLINK).done:
            if self._lost:
                raise self._lost
        try:
            return future.result()
        except CancelledError:
            self.give_up(self._gone())
            raise self._lost or self._gone() from None
        except KilledWorker as error:
            raise ClusterError(
                f"{error.allowed_failures + 1} workers have ended over a job",
                hint="they may have too little memory; how many may end, Dask's `allowed-failures` says",
            ) from None
        except (MediaError, StoreError, ClusterError):
            raise
        except Exception as error:
            raise ClusterError(f"a worker cannot do its job: {in_a_line(error)}") from error


def _dropped() -> ClusterError:
    return ClusterError("nobody waits for it any more")
