"""The gate before a deployment: what is a departed person's stops it, unnamed; and not to know is not to pass."""

import base64
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import rules
from offboarding import cli, mirror
from offboarding.demo.simulators.tokens import github_classic
from offboarding.gate import known, listed
from offboarding.ledger.history import Past
from offboarding.ledger.ledger import Ledger
from offboarding.ledger.store import Store
from offkey.errors import Exit
from offkey.model import AccessPoint, Action, Bond, Check, Liveness, Outcome, Ownership, Plan, Receipt, Step, to_json
from scanner.scan import Options, scan
from tests.artefacts import docker_save, zipped
from tests.builders import ANN, BOB, Repo
from tests.offboarding.cases import KEY, LEAVER, NOW, leaked, plan_of

SAM = ("Sam Rivera", "sam@example.com")
OLD, EXPOSED, BOBS = (github_classic(f"gate {n}") for n in range(3))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@dataclass
class Office:
    """An organisation with a directory, a repository, and a ledger with a run for Sam that knows of two tokens."""

    folder: Path
    repo: Repo
    plan: Plan | None = None

    @property
    def state(self) -> Path:
        return self.folder / "state"

    def ledger(self) -> Ledger:
        return Ledger(Store.open(self.state), lambda: NOW, "test")

    def directory(self, *people: dict[str, Any]) -> None:
        (self.folder / "people.yaml").write_text(json.dumps(list(people)))
        with (self.folder / "offkey.toml").open("a") as file:
            file.write('[directory]\npeople = "people.yaml"\n')

    def run(self) -> None:
        """Plan Sam's offboarding: OLD is to be ended, EXPOSED was merely within reach. The run keeps its own copy."""
        points = []
        for finding in self.scan():
            theirs = finding.introduced is not None and finding.introduced.email == SAM[1]
            if finding.introduced is not None and finding.introduced.email == BOB[1]:
                continue
            points.append(
                AccessPoint(
                    id=finding.fingerprint,
                    provider=finding.provider,
                    kind=finding.kind,
                    ownership=Ownership.PERSONAL if theirs else Ownership.UNKNOWN,
                    bond=Bond.THEIRS if theirs else Bond.EXPOSED,
                    fingerprint=finding.fingerprint,
                    redacted=finding.redacted,
                    places=finding.places,
                )
            )
        self.plan = plan_of(*points, mirrors=(str(self.repo.path),))
        copy = mirror.make(self.state, self.plan.run, str(self.repo.path))
        assert mirror.pin(copy, self.plan.run, str(self.repo.path), self.scan()) == []
        self.tell("plan.made", {"digest": self.plan.digest, "plan": to_json(self.plan)})

    def scan(self) -> Any:
        return scan([str(self.repo.path)], rules.load(), KEY, Options()).findings

    def tell(self, type: str, body: dict[str, Any]) -> None:
        ledger = self.ledger()
        try:
            assert self.plan is not None
            ledger.append(type, self.plan.run, body)
        finally:
            ledger.store.close()

    def receipt(self, action: Action, outcome: Outcome, reason: str = "seen") -> str:
        assert self.plan is not None
        step = next(step for step in self.plan.steps if step.action is action)
        self.tell("step.receipt", {"receipt": to_json(ended(step, outcome, NOW, reason))})
        return step.id


def ended(step: Step, outcome: Outcome, at: datetime, reason: str = "seen") -> Receipt:
    after = Check(liveness=Liveness.DEAD, reason=reason, at=at)
    return Receipt(step=step.id, outcome=outcome, before=None, after=after, exchanges=(), started_at=at, finished_at=at)


@pytest.fixture
def office(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("OFFKEY_STATE", raising=False)
    repo = Repo.create(tmp_path / "app")
    repo.commit("start", {"README": "text\n", "exposed.py": f"t = '{EXPOSED}'\n"}, author=ANN)
    repo.git("tag", "before")
    repo.commit("settings", {"settings.py": f"t = '{OLD}'\n"}, author=SAM)
    repo.commit("more", {"bob.py": f"t = '{BOBS}'\n"}, author=BOB)
    (tmp_path / "organisation.key").write_bytes(base64.b64encode(KEY.key.reveal()))
    (tmp_path / "organisation.key").chmod(0o600)
    (tmp_path / "offkey.toml").write_text('[organisation]\nkey = "file:organisation.key"\nstate = "state"\n')
    (tmp_path / "state").mkdir(mode=0o700)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    return Office(tmp_path, repo)


def sam(**more: Any) -> dict[str, Any]:
    return {"id": "sam", "names": ["Sam Rivera"], "emails": [SAM[1]], "left_at": "2026-11-01", **more}


def blocked(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any], str]:
    """Exit code, the blocked findings by their first path, and what was said beside."""
    capsys.readouterr()
    code = cli.main(["scan", "--format", "json", "--jobs", "1", *words])
    out, err = capsys.readouterr()
    found = json.loads(out)["findings"] if out.startswith("{") else []
    return code, {one["places"][0]["path"]: one for one in found}, err


def test_a_departed_persons_commit_stops_the_gate_and_nobody_else_does(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    office.directory(sam(), {"id": "bob", "names": ["Bob Baker"], "emails": [BOB[1]]})
    code, found, said = blocked(capsys, "app", "--departed")
    assert code == Exit.OPEN
    assert list(found) == ["settings.py"]
    assert found["settings.py"]["evidence"] == [
        "the commit that brought it in is a departed person's (no run yet)",
        "to do: rotate it at its issuer before anything else; then read it from the environment or a secret store",
        "to do: start a run for whoever it was with `offkey plan`",
    ]
    assert "2 more found" in said


@pytest.mark.parametrize("form", ["table", "json", "jsonl", "sarif", "csv"])
def test_nobody_is_named_unless_asked(office: Office, capsys: pytest.CaptureFixture[str], form: str) -> None:
    office.directory(sam())
    office.run()
    for words, named in (([], False), (["--explain"], True)):
        assert cli.main(["scan", "app", "--departed", "--format", form, "--jobs", "1", *words]) == Exit.OPEN
        said = "".join(capsys.readouterr())
        assert ("sam" in said.lower().replace("same", "").replace("sample", "")) == named, said
        assert OLD not in said
        if form != "csv":
            assert "run-1" in said


def test_who_leaves_later_counts_within_the_days_asked_for(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    office.directory(sam(left_at=(datetime.now(UTC) + timedelta(days=5)).isoformat()))
    assert blocked(capsys, "app", "--departed", "--within", "4")[:2] == (Exit.DONE, {})
    code, found, _ = blocked(capsys, "app", "--departed", "--within", "6")
    assert code == Exit.OPEN
    assert "the commit that brought it in is a departing person's" in found["settings.py"]["evidence"][0]


def test_what_a_run_knows_stops_the_gate_whoever_committed_it(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    office.run()
    code, found, _ = blocked(capsys, "app", "--departed")
    assert code == Exit.OPEN
    assert set(found) == {"settings.py", "exposed.py"}
    assert "it is in run run-1, not proven dead" in found["exposed.py"]["evidence"][0]
    assert "to do: run run-1, exposed: rotate it" in found["exposed.py"]["evidence"]


def test_an_artefact_and_the_index_are_held_against_the_runs(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    office.run()
    (office.folder / "app.whl").write_bytes(zipped({"a.py": EXPOSED.encode(), "b.py": BOBS.encode()}))
    (office.folder / "image.tar").write_bytes(docker_save([{"x": b""}], env=[f"T={OLD}"]))
    assert blocked(capsys, "app.whl", "--departed")[0] == Exit.OPEN
    assert blocked(capsys, "image.tar", "--departed")[0] == Exit.OPEN
    (office.folder / "other.whl").write_bytes(zipped({"b.py": BOBS.encode()}))
    assert blocked(capsys, "other.whl", "--departed")[0] == Exit.DONE
    office.repo.stage({"new.py": f"new = '{EXPOSED}'\n", "bob2.py": f"t = '{BOBS}'\n"})
    code, found, _ = blocked(capsys, "app", "--departed", "--staged")
    assert (code, set(found)) == (Exit.OPEN, {"new.py"})


@pytest.mark.parametrize("comment", ["# pragma: allowlist secret", "\n"])
def test_whoever_writes_a_line_does_not_excuse_it_from_the_gate(
    office: Office, capsys: pytest.CaptureFixture[str], comment: str
) -> None:
    office.run()
    (office.folder / "dist").mkdir()
    (office.folder / "dist" / "a.py").write_text(f"# pragma: allowlist nextline secret\nt = '{OLD}'  {comment}\n")
    assert blocked(capsys, "dist")[0] == Exit.DONE  # an ordinary scan takes the line's word for it
    assert blocked(capsys, "--departed", "dist")[0] == Exit.OPEN
    assert cli.main(["gate", "export", "-o", "departed.json"]) == Exit.DONE
    assert blocked(capsys, "--departed-list", "departed.json", "dist")[0] == Exit.OPEN


def test_no_baseline_excuses_anything_from_the_gate(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    office.run()
    (office.folder / "dist").mkdir()
    (office.folder / "dist" / "a.py").write_text(f"t = '{OLD}'\n")
    assert cli.main(["baseline", "create", "dist"]) == Exit.DONE
    assert cli.main(["baseline", "ignore", "a.py:1", "--repo", "dist"]) == Exit.DONE
    assert blocked(capsys, "dist")[0] == Exit.DONE
    assert blocked(capsys, "--departed", "dist")[0] == Exit.OPEN
    assert blocked(capsys, "--departed", "dist", "--baseline", "dist/.offkey.baseline")[0] == Exit.USAGE


def test_a_kind_that_only_further_rules_find_is_a_gap_without_them(
    office: Office, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = office.scan()
    monkeypatch.setattr(Office, "scan", lambda _: [replace(one, kind="house.token") for one in found])
    office.run()
    (office.folder / "dist").mkdir()
    (office.folder / "dist" / "a.py").write_text("nothing\n")
    code, _, err = blocked(capsys, "--departed", "--format", "csv", "dist")
    assert (code, "kinds that were not looked for: house.token" in err) == (Exit.GAPS, True)
    assert cli.main(["gate", "export", "-o", "departed.json"]) == Exit.DONE
    code, _, err = blocked(capsys, "--departed-list", "departed.json", "--format", "csv", "dist")
    assert (code, "kinds that were not looked for: house.token" in err) == (Exit.GAPS, True)


def test_since_looks_at_what_is_new(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    office.run()
    assert set(blocked(capsys, "app", "--departed", "--since", "before")[1]) == {"settings.py"}


def test_what_is_proven_dead_is_let_through_and_said_until_it_is_seen_alive_again(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    office.run()
    step = office.receipt(next(s for s in office.plan.steps if s.action is not Action.REWRITE).action, Outcome.REVOKED)  # type: ignore[union-attr]
    code, found, said = blocked(capsys, "app", "--departed")
    assert (code, set(found)) == (Exit.OPEN, {"exposed.py"})
    assert "let through, proven dead: github.pat.classic" in said
    assert "REVOKED at 2026-11-20T12:00:00Z" in said
    assert set(blocked(capsys, "app", "--departed", "--block-dead")[1]) == {"settings.py", "exposed.py"}
    alive = {"step": step, "liveness": "LIVE", "status": "", "reason": ""}
    office.tell("run.verified", {"results": [alive]})
    code, found, _ = blocked(capsys, "app", "--departed")
    assert "seen alive again" in found["settings.py"]["evidence"][0]


def test_what_a_later_plan_has_living_is_held_back_whatever_an_earlier_run_has_proven() -> None:
    point = leaked()

    def run(name: str, at: datetime, outcome: Outcome | None = None) -> known.Run:
        plan = plan_of(replace(point, check=Check(liveness=Liveness.LIVE, reason="r", at=at)), run=name)
        step = next(step for step in plan.steps if step.action is Action.DISABLE)
        receipts = {step.id: ended(step, outcome, NOW)} if outcome else {}
        return known.Run(name, Past(plan=plan, receipts=receipts), frozenset())

    def dead(*runs: known.Run) -> bool:
        return known.is_dead(known.by_fingerprint(runs)[point.fingerprint])

    before, after = NOW - timedelta(hours=1), NOW + timedelta(hours=1)
    assert dead(run("a", before, Outcome.DISABLED))
    assert dead(run("a", before, Outcome.DISABLED), run("b", before))
    assert not dead(run("a", before, Outcome.DISABLED), run("b", after))


def test_taken_out_of_the_code_is_not_dead_and_the_pull_request_is_named(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    office.run()
    office.receipt(Action.REWRITE, Outcome.PROPOSED, "pull request https://github.example/app/pull/7 is open")
    _, found, _ = blocked(capsys, "app", "--departed")
    assert any("pull/7 is open" in line for line in found["settings.py"]["evidence"])
    office.receipt(Action.REWRITE, Outcome.REMOVED)
    assert "settings.py" in blocked(capsys, "app", "--departed")[1]


@pytest.mark.parametrize("outcome", [Outcome.ACKNOWLEDGED, Outcome.NOT_CONFIRMED, Outcome.HANDED_OVER, Outcome.UNDONE])
def test_what_nobody_has_proven_dead_is_held_back(
    office: Office, capsys: pytest.CaptureFixture[str], outcome: Outcome
) -> None:
    office.run()
    office.receipt(next(s for s in office.plan.steps if s.action is not Action.REWRITE).action, outcome)  # type: ignore[union-attr]
    assert "settings.py" in blocked(capsys, "app", "--departed")[1]


def test_not_to_know_who_departed_is_a_usage_error(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, said = blocked(capsys, "app", "--departed")
    assert code == Exit.USAGE
    assert "neither a directory nor a ledger" in said


@pytest.mark.parametrize(
    "words",
    [
        ("--departed", "--new-only"),
        ("--departed", "--person", "sam@example.com"),
        ("--departed", "--confidence", "high"),
        ("--departed", "--departed-list", "x.json"),
        ("--departed-list", "x.json", "--within", "3"),
        ("--block-dead",),
        ("--within", "3"),
        ("--departed-list", "missing.json"),
        ("--departed-list", "offkey.toml"),
    ],
)
def test_calls_that_would_let_something_pass_are_refused(office: Office, words: tuple[str, ...]) -> None:
    office.directory(sam())
    assert cli.main(["scan", "app", "--jobs", "1", *words]) == Exit.USAGE


def test_runs_of_another_organisation_key_are_a_gap_and_without_any_key_an_error(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    office.run()
    (office.folder / "organisation.key").write_bytes(base64.b64encode(b"z" * 32))
    code, found, _ = blocked(capsys, "other.txt" if (office.folder / "other.txt").write_text("x") else "", "--departed")
    assert (code, found) == (Exit.GAPS, {})
    (office.folder / "offkey.toml").write_text('[organisation]\nstate = "state"\n')
    assert blocked(capsys, "app", "--departed")[0] == Exit.USAGE


def test_what_only_may_be_a_departed_persons_is_a_gap(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    office.repo.commit("x", {"x.py": f"t = '{github_classic('maybe')}'\n"}, author=("Sam Rivera", "sam@elsewhere.net"))
    office.directory(sam(emails=["sam.r@example.com"]))
    code, found, _ = blocked(capsys, "app", "--departed")
    assert code in (Exit.OPEN, Exit.GAPS)
    assert "x.py" in found or code == Exit.GAPS


# The list for machines that know nothing else


def export(office: Office, *words: str) -> int:
    return cli.main(["gate", "export", "-o", "departed.json", *words])


def elsewhere(office: Office, monkeypatch: pytest.MonkeyPatch) -> str:
    """A machine without configuration, key and state."""
    monkeypatch.chdir(office.folder / "elsewhere")
    monkeypatch.setenv("OFFKEY_STATE", str(office.folder / "elsewhere" / "state"))
    return str(office.folder / "departed.json")


def test_the_list_recognises_elsewhere_what_the_ledger_does_here(
    office: Office, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    office.directory(sam())
    office.run()
    assert export(office) == Exit.DONE
    text = (office.folder / "departed.json").read_text()
    for hidden in (OLD, EXPOSED, "sam", "example.com", office.scan()[0].fingerprint):
        assert hidden not in text
    assert (office.folder / "departed.json").stat().st_mode & 0o777 == 0o600
    (office.folder / "app.whl").write_bytes(zipped({"a.py": EXPOSED.encode()}))
    (office.folder / "other.whl").write_bytes(zipped({"b.py": BOBS.encode()}))
    made = elsewhere(office, monkeypatch)
    code, found, _ = blocked(capsys, "../app", "--departed-list", made)
    assert (code, set(found)) == (Exit.OPEN, {"settings.py", "exposed.py"})
    lines = found["settings.py"]["evidence"]
    assert "a departed person's credential: it is in run run-1, not proven dead when the list was made" in lines
    assert "the commit that brought it in is a departed person's (run run-1)" in lines
    assert found["settings.py"]["introduced"] is None
    assert blocked(capsys, "../app.whl", "--departed-list", made)[0] == Exit.OPEN
    assert blocked(capsys, "../other.whl", "--departed-list", made)[0] == Exit.DONE


def test_a_leavers_address_alone_is_enough_and_can_be_left_out(
    office: Office, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    office.directory(sam())
    assert export(office) == Exit.DONE
    assert export(office, "--no-addresses", "--state", "state") == Exit.DONE
    assert json.loads((office.folder / "departed.json").read_text())["addresses"] == []
    assert export(office) == Exit.DONE
    made = elsewhere(office, monkeypatch)
    assert set(blocked(capsys, "../app", "--departed-list", made)[1]) == {"settings.py"}


def test_values_that_are_gone_are_counted_and_an_earlier_list_keeps_them(
    office: Office, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    office.run()
    assert export(office) == Exit.DONE
    kept = json.loads((office.folder / "departed.json").read_text())
    assert len(kept["credentials"]) == 2
    mirror.delete(office.state, "run-1")
    (office.folder / "app").rename(office.folder / "moved")
    assert export(office) == Exit.DONE
    again = json.loads((office.folder / "departed.json").read_text())
    assert again["credentials"] == kept["credentials"]
    (office.folder / "departed.json").unlink()
    assert export(office) == Exit.GAPS
    assert "2 of 2 values cannot be read any more" in " ".join("".join(capsys.readouterr()).split())
    made = elsewhere(office, monkeypatch)
    (office.folder / "plain.txt").write_text("nothing here")
    code, _, _ = blocked(capsys, "../plain.txt", "--departed-list", made)
    assert code == Exit.GAPS


def test_a_value_whose_death_is_proven_need_not_be_read_for_the_list(office: Office) -> None:
    office.run()
    office.receipt(next(s for s in office.plan.steps if s.action is not Action.REWRITE).action, Outcome.REVOKED)  # type: ignore[union-attr]
    assert export(office) == Exit.DONE
    fates = [item["dead"] for item in json.loads((office.folder / "departed.json").read_text())["credentials"]]
    assert sorted(fates) == [False, True]


def test_a_list_that_is_too_old_is_a_gap(
    office: Office, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    office.directory(sam())
    assert export(office, "--valid", "0") == Exit.DONE
    made = elsewhere(office, monkeypatch)
    (office.folder / "plain.txt").write_text("nothing here")
    assert blocked(capsys, "../plain.txt", "--departed-list", made)[0] == Exit.GAPS


@pytest.mark.parametrize(
    "change",
    [
        {"format": "offkey-departed/9"},
        {"scrypt": {"n": 1 << 40, "r": 8, "p": 1}},
        {"valid_until": "2026-01-01T00:00:00"},
        {"credentials": [{"digest": 7}]},
        {"addresses": "x"},
        {"salt": "%%"},
    ],
)
def test_a_list_that_is_none_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    made = listed.Listed(made_at=NOW, valid_until=NOW, credentials=(listed.Item(digest="x"),))
    file = tmp_path / "departed.json"
    file.write_text(made.text())
    assert listed.read(file) == made
    file.write_text(json.dumps(json.loads(made.text()) | change))
    with pytest.raises(listed.ListBroken):
        listed.read(file)


def test_two_lists_of_the_same_have_no_digest_in_common() -> None:
    one, two = (listed.Listed(made_at=NOW, valid_until=NOW).digests([b"value"]) for _ in range(2))
    assert one != two


def test_a_person_with_a_run_counts_without_a_leaving_date(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    """Sam's newer token is in no run, but Sam has one."""
    office.run()
    assert office.plan is not None
    assert office.plan.person == LEAVER
    office.repo.commit("new", {"new.py": f"t = '{github_classic('newer')}'\n"}, author=SAM)
    office.directory(sam(left_at=None))
    code, found, _ = blocked(capsys, "app", "--departed", "--no-worktree")
    assert code == Exit.OPEN
    assert "the commit that brought it in is a departed person's (run run-1)" in found["new.py"]["evidence"]
