"""A whole apply, killed before and after every write and request it makes, and then at random moments.

    python benchmarks/kills.py [--random 200] [--seed 1] [--enumerate-only | --random-only] [--output FILE]

The world is the demonstration's: real git repositories with remotes, an AWS server, GitHub and Slack simulators, a plan
made and approved by the command line. Every process is a whole `offkey apply` that dies by SIGKILL.

Enumerated: a point lies before and after each ledger event, each request that may change something, and each push. One
process after another dies at the first point at which none has died before, so that by the end one has died at each.
Random: processes die at a drawn moment, a quarter of an undisturbed apply after their start in the mean, so that every
world sees several on its way; world after world, until so many have.

At the end of each world: every effect at the providers and every pull request is there exactly once, the receipts are
those of an undisturbed run, and the ledger verifies. The exit code is 1 where anything else was seen.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from machine import machine

from offboarding.demo import organisation, services, story
from offboarding.ledger.history import past
from offboarding.ledger.ledger import Ledger
from offboarding.ledger.store import Store
from offboarding.ui import make
from offkey.model import AuditEvent

START = 1.0
"""Seconds in which a process has done nothing yet."""
LIMIT = 900
"""Processes that one world may need before it counts as not ending."""


@dataclass
class World:
    """One organisation with an approved plan. `effects` is what the providers saw change, as they saw it."""

    folder: Path
    running: services.Services
    run: str
    effects: list[str] = field(default_factory=list)

    def apply(self, *, points: Path | None = None, kill_after: float | None = None) -> int:
        """One process; its exit code, negative where it died. With `points` it dies at the first that is not there."""
        words = ["apply", "plan.json", "--resume"]
        child = [sys.executable, __file__, "--child", str(points), *words]
        plain = [sys.executable, "-m", "offkey", *words]
        process = subprocess.Popen(
            child if points else plain, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        try:
            _, said = process.communicate(timeout=kill_after)
        except subprocess.TimeoutExpired:
            process.kill()
            _, said = process.communicate()
        if process.returncode in (1, 2):
            raise SystemExit(said.decode("utf-8", "replace"))
        return process.returncode

    def told(self) -> tuple[list[AuditEvent], bool]:
        store = Store.open(self.folder / "state")
        try:
            ledger = Ledger(store, story.datetime.now, "benchmark")
            return ledger.events(self.run), ledger.verify().ok
        finally:
            store.close()

    def outcomes(self) -> dict[str, str]:
        """What became of each access, by what it is: ids differ from world to world."""
        told = past(self.told()[0])
        assert told.plan is not None
        return {
            f"{number} {step.action.value} {step.point.kind}": told.receipts[step.id].outcome.value
            for number, step in enumerate(told.plan.steps)
            if step.id in told.receipts
        }

    def troubles(self, expected: "Undisturbed") -> list[str]:
        """Whatever is not as after an undisturbed run."""
        events, whole = self.told()
        receipts = Counter(e.body["receipt"]["step"] for e in events if e.type == "step.receipt")
        found = [f"{step} has {count} receipts" for step, count in receipts.items() if count != 1]
        found += [] if whole else ["the ledger does not verify"]
        wanted, seen = Counter(expected.effects), Counter(self.effects)
        differing = sorted(effect for effect in wanted | seen if wanted[effect] != seen[effect])
        found += [f"{effect} happened {seen[effect]} times instead of {wanted[effect]}" for effect in differing]
        outcomes = self.outcomes()
        found += [
            f"{what}: {outcomes.get(what, 'nothing')} instead of {outcome}"
            for what, outcome in expected.outcomes.items()
            if outcomes.get(what) != outcome
        ]
        wrong = [name for name, (sams, alive) in self.running.alive().items() if sams is alive]
        return [*found, *(f"{name} is not as it should be" for name in wrong)]


@dataclass(frozen=True)
class Undisturbed:
    """What an apply comes to that nobody kills."""

    outcomes: Mapping[str, str]
    seconds: float
    effects: Sequence[str]


@contextmanager
def world(number: int) -> Iterator[World]:
    with (
        tempfile.TemporaryDirectory(prefix="offkey-kills-") as name,
        services.running(seed=f"kills {number}") as running,
    ):
        folder = Path(name)
        work = organisation.build(folder, running.keys, running.sam_github_id)
        for repository in work:
            running.add_repository(repository, folder / "remotes" / f"{repository}.git")
        telling = story.Story(ui=make(assume_yes=True), folder=folder, services=running, work=work)
        telling.prepare()
        offkey(folder, "plan", organisation.SAM[1], "-o", "plan.json", allowed=(11,))
        words = ("--yes", "approve", "plan.json", "--as", story.APPROVER, "--allow", "github-public-revoke")
        offkey(folder, *words, "--key", "private/approver", allowed=(0,))
        made = World(folder, running, str(json.loads((folder / "plan.json").read_bytes())["run"]))
        for server in (running.aws, running.hub, running.slack):
            server.after_write = lambda line: made.effects.append(f"{line.method} {line.path}")
        yield made


def offkey(folder: Path, *words: str, allowed: Sequence[int]) -> None:
    done = subprocess.run([sys.executable, "-m", "offkey", *words], cwd=folder, capture_output=True, check=False)
    if done.returncode not in allowed:
        raise SystemExit(f"offkey {words[0]}: exit code {done.returncode}\n{done.stderr.decode()}")


def undisturbed() -> Undisturbed:
    with world(0) as made:
        began = time.monotonic()
        made.apply()
        return Undisturbed(made.outcomes(), time.monotonic() - began, made.effects)


def enumerated(expected: Undisturbed) -> dict[str, Any]:
    with world(1) as made:
        points = made.folder / "points"
        points.touch()
        deaths = 0
        while made.apply(points=points) < 0:
            deaths += 1
            if deaths > LIMIT:
                raise SystemExit(f"no end after {deaths} processes")
        kinds = Counter(" ".join(line.split()[:2]) for line in points.read_text().splitlines())
        return {"killed": deaths, "points": dict(sorted(kinds.items())), "troubles": made.troubles(expected)}


def at_random(expected: Undisturbed, kills: int, seed: int) -> dict[str, Any]:
    drawn = random.Random(seed)
    deaths, worlds, troubles = 0, 0, []
    while deaths < kills:
        worlds += 1
        with world(1 + worlds) as made:
            here = 0
            # Not for ever: a process must be let through at last, or a world would end only by luck.
            while (left := here < 12 and deaths < kills) or made.apply() < 0:
                moment = START + drawn.expovariate(4 / expected.seconds)
                if left and made.apply(kill_after=moment) >= 0:
                    break
                deaths, here = deaths + 1, here + 1
                print(f"\r{deaths} killed, {worlds} worlds", end="", file=sys.stderr, flush=True)
            troubles += [f"world {worlds}: {trouble}" for trouble in made.troubles(expected)]
    print(file=sys.stderr)
    return {"killed": deaths, "worlds": worlds, "seed": seed, "troubles": troubles}


# --- the process that dies ---


def child(points: Path, words: Sequence[str]) -> int:
    """A whole `offkey apply` that dies at the first point that is not in the file."""
    from offboarding import cli
    from offboarding.remedy import branch
    from offkey.http import Reader, Writer

    seen = set(points.read_text().splitlines())
    passed: Counter[str] = Counter()

    def point(name: str) -> None:
        passed[name] += 1
        label = f"{name} #{passed[name]}" if passed[name] > 1 else name
        if label in seen:
            return
        with points.open("a") as file:
            file.write(f"{label}\n")
            file.flush()
            os.fsync(file.fileno())
        os.kill(os.getpid(), signal.SIGKILL)

    append, permit, record, push = Ledger.append, Writer.permit, Writer.record, branch.Remote.push

    def cut_append(self: Ledger, type: str, run: str, body: Mapping[str, Any]) -> AuditEvent:
        receipt = body.get("receipt")
        step = receipt.step if hasattr(receipt, "step") else body.get("step", "")
        point(f"before {type} {step}")
        event = append(self, type, run, body)
        point(f"after {type} {step}")
        return event

    def cut_permit(self: Reader, operation: tuple[str, str]) -> None:
        permit(self, operation)
        if isinstance(self, Writer) and operation in self.gate.writes:
            point(f"before request {' '.join(operation)}")

    def cut_record(self: Reader, method: str, target: str, status: int, summary: str) -> None:
        record(self, method, target, status, summary)
        if isinstance(self, Writer) and method not in ("GET", "HEAD"):
            point(f"after request {method} {target}")

    def cut_push(*args: Any, **named: Any) -> Any:
        point(f"before push {args[3] if len(args) > 3 else ''}")
        done = push(*args, **named)
        point(f"after push {args[3] if len(args) > 3 else ''}")
        return done

    Ledger.append, Reader.permit, Reader.record = cut_append, cut_permit, cut_record  # type: ignore[method-assign]
    branch.Remote.push = cut_push
    return cli.main(list(words))


def main() -> int:
    if sys.argv[1:2] == ["--child"]:
        return child(Path(sys.argv[2]), sys.argv[3:])
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--random", type=int, default=200, metavar="N")
    parser.add_argument("--seed", type=int, default=1)
    parts = parser.add_mutually_exclusive_group()
    parts.add_argument("--enumerate-only", action="store_true")
    parts.add_argument("--random-only", action="store_true")
    parser.add_argument("--output", type=Path, metavar="FILE")
    args = parser.parse_args()
    expected = undisturbed()
    effects = len(expected.effects)
    print(f"undisturbed: {len(expected.outcomes)} receipts, {effects} effects, {expected.seconds:.1f} s", flush=True)
    result: dict[str, Any] = {"machine": machine([]), "effects": effects}
    if not args.random_only:
        result["enumerated"] = done = enumerated(expected)
        print(f"enumerated: {done['killed']} kills; {done['troubles'] or 'no trouble'}", flush=True)
    if not args.enumerate_only:
        result["random"] = at_random(expected, args.random, args.seed)
        print(f"random: {result['random']['killed']} kills in {result['random']['worlds']} worlds; "
              f"{result['random']['troubles'] or 'no trouble'}")  # fmt: skip
    if args.output:
        args.output.write_text(json.dumps(result, indent=2) + "\n")
    return int(any(result.get(part, {}).get("troubles") for part in ("enumerated", "random")))


if __name__ == "__main__":
    sys.exit(main())
