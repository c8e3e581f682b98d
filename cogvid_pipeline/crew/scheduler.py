"""Reach a Dask scheduler whose workers make the same of a job as this machine would."""

import asyncio
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from distributed import Client, Security
from distributed.comm.core import connect

from cogvid_pipeline.crew.tools import PACKAGES, Tools, differing, tools
from cogvid_pipeline.crew.worker import SAME_VERSIONS
from cogvid_pipeline.errors import ClusterError, in_a_line

_SECONDS = 5
_START_ONE = "start it with `dask scheduler`, or leave --engine and COGVID_ENGINE out to work here"

# What says in tracebacks, on the terminal, what is said here in words; Dask sets levels for each of them.
_LOUD = ("distributed", "distributed.client", "tornado", "tornado.application", "asyncio")


@contextmanager
def connected(address: str) -> Iterator[Client]:
    """A client of the scheduler. Raises ClusterError when that is not there, or is not what it should be.

    Certificates for tls:// are Dask's own settings.
    """
    for name in _LOUD:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    client = _connect(address)
    try:
        _check(client, address)
        yield client
    finally:
        with suppress(TimeoutError):  # a scheduler that says nothing
            client.close(timeout=_SECONDS)


def _connect(address: str) -> Client:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # versions are looked at below
            asyncio.run(_greet(address))
            return Client(address, timeout=_SECONDS, set_as_default=False, name="cogvid")
    except (OSError, RuntimeError, TypeError, ValueError) as error:
        raise ClusterError(
            f"the cluster at {address} cannot be reached: {in_a_line(error)}",
            hint=_START_ONE,
        ) from error


async def _greet(address: str) -> None:
    """Have a scheduler answer once: a client would wait for ever for one that says nothing."""
    keys = Security().get_connection_args("client")
    try:
        comm = await asyncio.wait_for(connect(address, timeout=_SECONDS, **keys), 2 * _SECONDS)
    except TimeoutError as error:
        raise OSError(str(error) or "it says nothing") from error
    comm.abort()


def _check(client: Client, address: str) -> None:
    """Raise ClusterError where the scheduler has other versions.

    Each worker looks itself when it gets a job: to ask them all is to wait for one that hangs.
    """
    scheduler: Any = client.scheduler
    try:
        found = client.sync(scheduler.versions, packages=PACKAGES, callback_timeout=_SECONDS)
    except OSError as error:
        raise ClusterError(f"the scheduler at {address} does not answer", hint=_START_ONE) from error
    there: Tools = found["packages"]
    if wrong := ", ".join(differing(tools(), there)):
        raise ClusterError(f"the scheduler at {address} has {wrong}", hint=SAME_VERSIONS)
