"""Where the environment says that the vendors are, and with which keys."""

import ipaddress
import os
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Account:
    """One vendor as the environment has it; keys and hosts come from nowhere else.

    `keys` are the variables that may hold the key, the preferred one first.
    """

    name: str
    default_url: str
    url_variable: str
    keys: tuple[str, ...]

    @property
    def base_url(self) -> str:
        return (os.environ.get(self.url_variable) or self.default_url).rstrip("/")

    @property
    def key(self) -> str:
        """Empty where there is none."""
        return next(filter(None, map(os.environ.get, self.keys)), "")

    def knows(self, base_url: str) -> bool:
        """Whether a key may be sent there, whoever names that address."""
        return base_url in (self.base_url, self.default_url)

    @property
    def rehearsal(self) -> str:
        """The base URL when it leads to this very machine, where only an emulator can be; else empty."""
        return self.base_url if _is_loopback(self.base_url) else ""


# By the name in the manifest; defaults as in docs.geekai.co, docs.bigmodel.cn and docs.z.ai.
ACCOUNTS = {
    account.name: account
    for account in (
        Account("geekai", "https://geekai.co/api/v1", "GEEKAI_BASE_URL", ("GEEKAI_API_KEY",)),
        Account(
            "bigmodel",
            "https://open.bigmodel.cn/api/paas/v4",
            "BIGMODEL_BASE_URL",
            ("BIGMODEL_API_KEY", "ZHIPUAI_API_KEY"),
        ),
        Account("zai", "https://api.z.ai/api/paas/v4", "ZAI_BASE_URL", ("ZAI_API_KEY",)),
    )
}


def _is_loopback(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
