"""Do one job on a worker, which has nothing of its own but room for a while."""

import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Generic, TypeVar

from distributed import get_worker

from cogvid_pipeline.crew.tools import Tools, differing, tools
from cogvid_pipeline.errors import ClusterError
from cogvid_pipeline.jobs import Files
from cogvid_pipeline.remote.bucket import Bucket
from cogvid_pipeline.remote.exchange import Exchange, Parcel
from cogvid_pipeline.remote.places import open_bucket

T = TypeVar("T")

SAME_VERSIONS = "install the same versions there as here"


@dataclass(frozen=True, slots=True)
class Order(Generic[T]):
    """A job as it travels: what it needs lies in the store at that address, and goes by the names it knows.

    It has no keys: a worker has its own for the store.
    """

    work: Callable[[Files, Path], T]
    needs: Mapping[str, Parcel]
    writes: bool
    store: str
    tools: Tools


@dataclass(frozen=True, slots=True)
class Made(Generic[T]):
    """What came of it: what the work returned, and the file that it wrote."""

    said: T
    file: Parcel | None


def carry_out(order: Order[T]) -> Made[T]:
    """Fetch what the job needs, do it, and put what it makes into the store; nothing stays here."""
    if wrong := ", ".join(differing(order.tools, tools())):
        raise ClusterError(f"a worker on {socket.gethostname()} has {wrong}", hint=SAME_VERSIONS)
    exchange = Exchange(_bucket(order.store))
    with TemporaryDirectory(dir=_scratch()) as directory:
        room = Path(directory)
        files = {name: room / str(number) for number, name in enumerate(order.needs)}
        for name, parcel in order.needs.items():
            exchange.fetch(parcel, files[name])
        said = order.work(files, room / "made")
        return Made(said, exchange.put(room / "made") if order.writes else None)


@cache
def _bucket(store: str) -> Bucket:
    try:
        return open_bucket(store, Path())
    except ModuleNotFoundError as error:
        raise ClusterError(
            f"a worker on {socket.gethostname()} has no {error.name}, which the store at {store} needs",
            hint="install there what is installed here",
        ) from None


def _scratch() -> str | None:
    """The worker's own directory, which Dask clears away even after a worker that was killed."""
    try:
        return str(get_worker().local_directory)
    except ValueError:  # called by something else than a worker
        return None
