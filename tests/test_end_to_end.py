"""The whole way once, as the demonstration tells it; then all it wrote is searched for what must not be there."""

import base64
import hashlib
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from offboarding import ui
from offboarding.demo import organisation, services
from offboarding.demo.story import Story
from tests import needs


@dataclass(frozen=True)
class Told:
    """A finished telling: its folder, everything it printed, and what the servers hold."""

    folder: Path
    printed: str
    services: services.Services
    work: dict[str, Path]
    before: dict[str, str]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    folder = tmp_path_factory.mktemp("kestrel")
    with services.running(seed="end to end") as running:
        work = organisation.build(folder, running.keys, running.sam_github_id)
        for name in work:
            running.add_repository(name, folder / "remotes" / f"{name}.git")
        before = {name: _state(path) for name, path in work.items()}
        telling = _Recorded(ui=ui.make(), folder=folder, services=running, work=work)
        telling.prepare()
        telling.tell()
        yield Told(folder, telling.printed(), running, work, before)


class _Recorded(Story):
    """A Story whose commands print into a file, with `--verbose` so that logs are searched, too."""

    def _step(self, title: str, words: "list[str]", *expected: int) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "offkey", "-vv", *words],
            cwd=self.folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
        with (self.folder / "printed").open("a") as out:
            out.write(done.stdout + done.stderr)
        assert done.returncode in expected, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"

    def printed(self) -> str:
        return (self.folder / "printed").read_text()


def _state(path: Path) -> str:
    """A digest over every file of a repository, its `.git` included."""
    found = hashlib.sha256()
    for file in sorted(path.rglob("*")):
        if file.is_file():
            found.update(str(file.relative_to(path)).encode() + b"\0" + file.read_bytes())
    return found.hexdigest()


def planted(keys: organisation.Keys) -> dict[str, bytes]:
    """Every secret value that lies in the code; key ids of AWS are no secrets."""
    values = {name: getattr(keys, name) for name in keys.__dataclass_fields__}
    secrets = {
        name: (value[1] if isinstance(value, tuple) else value).reveal()
        for name, value in values.items()
        if name not in ("private_key", "database_url")
    }
    body = b"".join(line for line in keys.private_key.reveal().splitlines() if not line.startswith(b"-----"))
    password = keys.database_url.reveal().split(b"://")[1].split(b"@")[0].split(b":")[1]
    return {**secrets, "private_key": body, "database_url": password}


def forms(value: bytes) -> list[bytes]:
    """A value as it might hide: raw, URL-encoded, hex, and base64 at each of the three alignments."""
    encoded = []
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + value)
        encoded.append(text[4 if shift else 0 : -4])
    plain = [value, quote(value, safe="").encode(), value.hex().encode(), *encoded]
    return plain + [form.translate(bytes.maketrans(b"+/", b"-_")) for form in encoded]


def test_every_key_of_the_leaver_is_dead_and_everybody_elses_works(told: Told) -> None:
    assert {name: alive for name, (_, alive) in told.services.alive().items()} == {
        name: not sams for name, (sams, _) in told.services.alive().items()
    }


def test_no_planted_secret_is_in_anything_that_was_written(told: Told) -> None:
    """State, ledger, plan, approvals, receipts, report, evidence, logs and output; raw or in disguise."""
    ours = [path for name in ("state", "evidence", "plan.json.approvals") for path in (told.folder / name).rglob("*")]
    files = [path for path in [*ours, told.folder / "plan.json", told.folder / "printed"] if path.is_file()]
    assert {"report.html", "offkey.db", "plan.json", "verify.py"} <= {path.name for path in files}
    leaks = [
        f"{name} in {path.relative_to(told.folder)}"
        for path in files
        for name, value in planted(told.services.keys).items()
        if any(form in path.read_bytes() for form in forms(value))
    ]
    assert not leaks


def test_the_search_would_find_a_secret_in_any_disguise() -> None:
    value = b"sk_" + b"live_0123456789abcdefghijklmn"
    for disguised in (value, base64.b64encode(b"x" + value + b"yz"), quote(value).encode(), value.hex().encode()):
        assert any(form in b"before " + disguised + b" after" for form in forms(value))


def test_no_planted_secret_is_in_a_pull_request_or_its_new_lines(told: Told) -> None:
    for repo in told.services.hub.state.repos.values():
        assert repo.bare is not None
        for pull in repo.pulls.values():
            patch = subprocess.run(
                ["git", f"--git-dir={repo.bare}", "diff", f"main...{pull.head}"], capture_output=True, check=True
            ).stdout
            added = b"\n".join(line for line in patch.splitlines() if line.startswith(b"+"))
            said = f"{pull.title}\n{pull.head}\n{pull.body}".encode() + added
            for name, value in planted(told.services.keys).items():
                assert not any(form in said for form in forms(value)), name


def test_pull_requests_name_neither_the_person_nor_the_reason(told: Told) -> None:
    pulls = {name: list(repo.pulls.values()) for name, repo in told.services.hub.state.repos.items()}
    assert {name.split("/")[-1]: len(found) for name, found in pulls.items() if found} == {"webshop": 1, "chatbot": 1}
    for pull in [pull for found in pulls.values() for pull in found]:
        said = f"{pull.title} {pull.head} {pull.body}".lower()
        assert not [word for word in ("sam", "rivera", "leaver", "depart", "offboard", "terminat") if word in said]


def test_the_users_repositories_are_as_they_were_to_the_byte(told: Told) -> None:
    assert {name: _state(path) for name, path in told.work.items()} == told.before


def test_the_evidence_verifies_without_offkey(told: Told) -> None:
    """Isolated Python: no site-packages, none of our folders on the path."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(told.folder / "evidence" / "verify.py"), str(told.folder / "evidence")],
        cwd="/", capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_one_changed_byte_of_the_evidence_is_found(told: Told, tmp_path: Path) -> None:
    receipt = sorted((told.folder / "evidence" / "receipts").iterdir())[0]
    copy = tmp_path / "evidence"
    subprocess.run(["cp", "-r", str(told.folder / "evidence"), str(copy)], check=True)
    target = copy / "receipts" / receipt.name
    target.chmod(0o600)
    target.write_bytes(target.read_bytes().replace(b"DEAD", b"LIVE", 1))
    done = subprocess.run([sys.executable, str(copy / "verify.py"), str(copy)], capture_output=True, check=False)
    assert done.returncode == 1


@needs.CHROMIUM
def test_a_browser_shows_the_report_and_it_asks_the_network_for_nothing(told: Told, tmp_path: Path) -> None:
    page = told.folder / "evidence" / "report.html"
    shown = subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         f"--user-data-dir={tmp_path}", "--host-resolver-rules=MAP * ~NOTFOUND", "--dump-dom", page.as_uri()],
        capture_output=True, text=True, check=True, timeout=120,
    ).stdout  # fmt: skip
    assert "Offboarding of sam.rivera" in shown
    assert "not listed for sam.rivera any more" in shown
    source = page.read_text()
    assert "<script" not in source
    assert not re.findall(r"""(?:src|href)=["']?(?:https?:)?//""", source)
