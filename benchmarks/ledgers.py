"""Measure how many attempts a ledger takes a second, in a SQLite file and on a PostgreSQL server of its own.

    python benchmarks/ledgers.py [--seconds 3]

An attempt is three rows written one after the other, each durable before the next: intended, accepted and
succeeded. A run gathers what its takes write at the same moment; here a hundred attempts at once.
"""

import argparse
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from cogvid_pipeline.model.attempt import State  # noqa: E402
from cogvid_pipeline.state.ledger import Ledger  # noqa: E402
from cogvid_pipeline.state.opening import open_ledger  # noqa: E402
from tests.attempts import make_attempt, make_unfinished  # noqa: E402
from tests.postgres import Server  # noqa: E402

CLIENTS = (1, 2, 4)
GATHERED = (1, 100)


class DurableServer(Server):
    """One that loses nothing when the power fails, as those that are in use."""

    options = "-c fsync=on"


def settle(ledger: Ledger, names: list[str]) -> None:
    """Bring attempts at requests of these names from the first row to the last."""
    with ledger.together():
        for name in names:
            intent = make_unfinished(name, State.INTENT, account="benchmark")
            assert ledger.intend(intent, room=1_000_000) is None
    with ledger.together():
        for name in names:
            ledger.record(make_unfinished(name, account="benchmark"))
    with ledger.together():
        for name in names:
            ledger.record(make_attempt(name, account="benchmark"))


def client(directory: Path, server: str, gathered: int, seconds: float) -> None:
    """Settle attempts for so long once a line comes in, and print how many."""
    run = str(uuid.uuid4())
    with open_ledger(directory, run, "benchmark", server=server) as ledger:
        print("ready", flush=True)
        sys.stdin.readline()
        end, done = time.perf_counter() + seconds, 0
        while time.perf_counter() < end:
            settle(ledger, [f"{run}-{done + number}" for number in range(gathered)])
            done += gathered
        print(done, flush=True)


def rate(directory: Path, server: str, clients: int, gathered: int, seconds: float) -> float:
    """Attempts a second of so many clients together."""
    command = [sys.executable, __file__, "--client", str(directory), server, str(gathered)]
    processes = [
        subprocess.Popen(
            [*command, "--seconds", str(seconds)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(clients)
    ]
    for process in processes:
        process.stdout.readline()
    began = time.perf_counter()
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    counts = [int(process.stdout.readline()) for process in processes]
    took = time.perf_counter() - began
    for process in processes:
        process.communicate()
    return sum(counts) / took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--client", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.client:
        directory, server, gathered = options.client
        client(Path(directory), server, int(gathered), options.seconds)
        return
    print(
        "| attempts a second | "
        + " | ".join(f"{count} client{'s' * (count > 1)}" for count in CLIENTS)
        + " |"
    )
    print("|---" * (1 + len(CLIENTS)) + "|")
    postgres = DurableServer()
    try:
        for where in ("SQLite", "PostgreSQL"):
            for gathered in GATHERED:
                rates = []
                for clients in CLIENTS:
                    with tempfile.TemporaryDirectory() as name:
                        url = postgres.database().url if where == "PostgreSQL" else ""
                        rates.append(rate(Path(name), url, clients, gathered, options.seconds))
                how = "one at a time" if gathered == 1 else f"{gathered} gathered"
                print(
                    f"| {where}, {how} | " + " | ".join(f"{each:,.0f}" for each in rates) + " |", flush=True
                )
    finally:
        postgres.remove()


if __name__ == "__main__":
    main()
