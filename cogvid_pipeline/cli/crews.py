"""Who does the work on media: this machine, or the cluster that --engine names."""

import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from typing import TypeAlias

import click
from click.core import ParameterSource

from cogvid_pipeline.cli.extras import needing_extra
from cogvid_pipeline.cli.project import Project
from cogvid_pipeline.cli.sharing import REMOTE, find_store
from cogvid_pipeline.cli.streams import say
from cogvid_pipeline.crew.here import Here
from cogvid_pipeline.errors import UsageError
from cogvid_pipeline.jobs import Crew

ENGINE = "COGVID_ENGINE"

# Opens a crew for as long as there is work.
Hire: TypeAlias = Callable[[], AbstractContextManager[Crew]]

_ADDRESS = re.compile(r"(tcp|tls|ws|wss)://[^\s/@:]+:[0-9]{1,5}|(tcp|tls)://\[[0-9a-fA-F:.]+\]:[0-9]{1,5}")


def _scheduler(context: click.Context, option: click.Parameter, value: str | None) -> str:
    """The address of a scheduler; empty for this machine."""
    if not value or value == "local":
        return ""
    if not _ADDRESS.fullmatch(value):
        # It is not repeated: somebody may have written a password into it.
        raise click.BadParameter("a scheduler has a host and a port, as in tcp://scheduler.example.com:8786")
    standing = context.get_parameter_source(str(option.name)) is ParameterSource.ENVIRONMENT
    if standing and REMOTE not in os.environ:
        # A pull request may change the manifest's `remote`: it must not choose where clips go.
        raise UsageError(
            f"{ENGINE} needs {REMOTE} beside it, since files go to the cluster by way of that store",
            hint=f"set {REMOTE} to the address of your store, or name the cluster with --engine",
        )
    return value


ENGINE_OPTION = click.option(
    "--engine",
    metavar="URL",
    envvar=ENGINE,
    callback=_scheduler,
    help="The Dask scheduler of a cluster that does the work on media, as in tcp://HOST:8786; `local` is "
    f"this machine. {ENGINE} in the environment means the same.",
)


@contextmanager
def threads() -> Iterator[Crew]:
    """Threads of this process; one for each processor, since FFmpeg lets the others work."""
    from cogvid_pipeline.cli.workers import processors  # loads what starts processes

    with ThreadPoolExecutor(processors()) as pool:
        try:
            yield Here(pool)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


@contextmanager
def processes(most: int | None) -> Iterator[Crew]:
    """Processes of this machine; at most so many, one for each processor where that is None."""
    from cogvid_pipeline.cli.workers import Workers, processors

    with Workers(most or processors()) as workers:
        yield Here(workers, near=False)


@contextmanager
def hired(engine: str, project: Project, here: Hire = threads, *, most: int | None = None) -> Iterator[Crew]:
    """The crew of a cluster; that of this machine where `engine` is empty.

    Raises UsageError where a project has no shared store, ClusterError when the cluster cannot be had.
    """
    if not engine:
        with here() as crew:
            yield crew
        return
    store = find_store(project)
    if store is None:
        raise UsageError(
            "a cluster needs a shared store, by way of which files get to its workers and back",
            hint=f"write `remote: s3://our-clips/film`, or set {REMOTE} to its address",
        )
    with needing_extra("dask", "--engine"):
        from cogvid_pipeline.crew.cluster import MOST_JOBS, cluster
    from cogvid_pipeline.remote.exchange import Exchange

    exchange = Exchange(store.bucket)
    exchange.check()
    with cluster(engine, exchange, most=most or MOST_JOBS, say=say) as crew:
        yield crew


@contextmanager
def helped(engine: str, project: Project) -> Iterator[Crew | None]:
    """The crew of a cluster, with this machine for what it cannot do; None where `engine` is empty."""
    if not engine:
        yield None
        return
    from cogvid_pipeline.crew.reserve import Reserve

    with hired(engine, project) as crew, ThreadPoolExecutor() as pool:
        yield Reserve(crew, pool)
