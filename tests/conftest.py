"""Under OFFKEY_REQUIRE_ALL=1 (CI) a skipped test is a failed test; and nothing leaves loopback."""

import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from offboarding.demo.simulators.wire import LocalServer
from tests import watching
from tests.recording import OPERATIONS, Recorder

REQUIRE_ALL = os.environ.get("OFFKEY_REQUIRE_ALL") == "1"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    outcome: Any = yield
    report = outcome.get_result()
    if REQUIRE_ALL and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped although everything is required: {report.longrepr}"


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that reaches outside fails at once, in this process; child processes are given loopback addresses only."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        host = address[0] if isinstance(address, tuple) else ""
        if isinstance(host, str) and host and not (host.startswith("127.") or host in {"::1", "localhost"}):
            raise AssertionError(f"a test tried to reach {host}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)


@pytest.fixture(scope="session")
def _homes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    homes = tmp_path_factory.mktemp("homes")
    (homes / "cache").mkdir()
    return homes


@pytest.fixture(autouse=True)
def _own_home(monkeypatch: pytest.MonkeyPatch, _homes: Path) -> None:
    """No test sees or touches the state, cache, git or AWS configuration of whoever runs it.

    The cache is one for all tests of a process: compiling the rules' patterns takes three seconds.
    """
    home = Path(tempfile.mkdtemp(dir=_homes))
    (home / ".cache").symlink_to(_homes / "cache")
    for name in ("HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(home))
    for name in (
        "OFFKEY_STATE",
        "AWS_PROFILE",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "GITHUB_TOKEN",
        "GIT_DIR",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--record", action="store_true", help="write what the contract test saw to revokers/tested.json")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--record"):
        config.pluginmanager.register(Recorder(), "contract-recorder")


@pytest.fixture(autouse=True)
def _as_described(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever a revoker sends to a simulator, and is answered, must keep to the provider's official description."""
    LocalServer.observer = watching.observe
    watching.violations.clear()
    watching.used.clear()
    yield
    LocalServer.observer = None
    if watching.used:
        seen = [
            [who, *what, by] for who, called in sorted(watching.used.items()) for what, by in sorted(called.items())
        ]
        request.node.user_properties.append((OPERATIONS, seen))
    assert not watching.violations, "\n".join(dict.fromkeys(watching.violations))
