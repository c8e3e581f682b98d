"""Keep tests away from the network, from the user's home and from each other."""

import ipaddress
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres import remove_server

_REAL_CONNECT = socket.socket.connect


@pytest.fixture(autouse=True)
def _only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(self: socket.socket, address: object) -> None:
        if isinstance(address, tuple) and not ipaddress.ip_address(address[0]).is_loopback:
            raise AssertionError(f"a test tried to reach {address}")
        _REAL_CONNECT(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)


@pytest.fixture(scope="session", autouse=True)
def _no_server_left() -> Iterator[None]:
    yield
    remove_server()


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    home = tmp_path_factory.mktemp("home")
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(home))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    # A project of a test that is no repository must not find one above it.
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(Path(tmp_path_factory.getbasetemp()).parent))
    for name in (
        "GEEKAI_API_KEY",
        "GEEKAI_BASE_URL",
        "BIGMODEL_API_KEY",
        "BIGMODEL_BASE_URL",
        "ZHIPUAI_API_KEY",
        "ZAI_API_KEY",
        "ZAI_BASE_URL",
        "COGVID_LEASE",
        "COGVID_LEDGER",
        "COGVID_ENGINE",
        "COGVID_REMOTE",
        "AWS_ENDPOINT_URL",
        "AWS_PROFILE",
        "NO_COLOR",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "http_proxy",
        "https_proxy",
        "all_proxy",
    ):
        monkeypatch.delenv(name, raising=False)
