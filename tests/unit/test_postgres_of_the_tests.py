"""The tests' own PostgreSQL server leaves nothing behind, however the tests end."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.ledgers import wait_until

STARTED = """
import os, signal, sys
from tests.postgres import server, remove_server
print(server().home, server().port, flush=True)
remove_server() if sys.argv[1] == "ends" else os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("how", ["ends", "is killed"])
def test_no_server_outlives_the_tests(how: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", STARTED, how],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    home, port = ran.stdout.split()

    wait_until(lambda: not Path(home).exists())
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(port)))
