import tempfile

import pytest

from cogvid_pipeline.emulator.serve import running
from cogvid_pipeline.emulator.settings import Settings
from cogvid_pipeline.errors import CogvidError, UsageError
from cogvid_pipeline.loopback import listen, origin


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "example.com", "", "127.0.0.1.example.com"])
def test_no_other_machine_is_served(host):
    with pytest.raises(UsageError, match="not a loopback address"):
        listen(host, 0)


@pytest.mark.parametrize(
    ("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("127.0.0.9", "127.0.0.9"), ("localhost", "127.0.0.1")]
)
def test_loopback_addresses_are_listened_on_at_a_port_that_is_said(host, shown):
    with listen(host, 0) as listening:
        assert origin(listening) == f"http://{shown}:{listening.getsockname()[1]}"


def test_a_machine_without_room_for_clips_is_told_so(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))

    with (
        pytest.raises(CogvidError, match="cannot make a directory for clips") as refused,
        running(Settings()),
    ):
        pass
    assert "TMPDIR" in refused.value.hint
