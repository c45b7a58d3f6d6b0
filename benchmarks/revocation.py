"""How long an apply takes with many providers, beside the slowest of them alone.

    python benchmarks/revocation.py [--providers 20] [--each 10] [--latency 0.05] [--runs 3] [--output FILE]

Each provider is a Slack simulator of its own that answers after `--latency` seconds; every credential is looked at,
ended and looked at again (auth.test, auth.revoke twice, auth.test), with a signed approval and a ledger on the disk.
The serial time of a provider is that of a plan with its credentials alone; the slowest is what an apply cannot beat
while each provider has one request in flight.
"""

import argparse
import json
import multiprocessing
import statistics
import subprocess
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path

from machine import machine

import revokers
from offboarding.applying import apply
from offboarding.applying.executors import ProviderExecutor
from offboarding.approval import approve
from offboarding.approval.signing import NAMESPACE
from offboarding.demo.simulators import tokens
from offboarding.demo.simulators.slack import SlackSimulator
from offboarding.ledger.ledger import Ledger
from offboarding.ledger.store import Store
from offboarding.planning import plan
from offboarding.planning.policy import Policy
from offkey.fingerprint import OrgKey
from offkey.model import (
    AccessPoint,
    Account,
    Approval,
    Bond,
    Credential,
    Outcome,
    Ownership,
    Person,
    Place,
    Plan,
    to_json,
)
from offkey.secret import Secret

KIND = "slack.user"
PERSON = Person(id="leaver", names=("Lee Aver",), emails=("lee@example.com",))
KEY = OrgKey(Secret(bytes(range(32))))


def point(provider: str, value: str) -> AccessPoint:
    """A leaked token of the person's."""
    place = Place(repo="r", object=provider, object_type="blob", path="a", line=1, column=1, spans=())
    return AccessPoint(
        id=f"leak:{provider}:{value[-8:]}",
        provider=provider,
        kind=KIND,
        ownership=Ownership.PERSONAL,
        bond=Bond.THEIRS,
        fingerprint=KEY.fingerprint(KIND, {"secret": value.encode()}),
        places=(place,),
        redacted="xoxp-…",
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Time an apply over many providers.")
    parser.add_argument("--providers", type=int, default=20)
    parser.add_argument("--each", type=int, default=10)
    parser.add_argument("--latency", type=float, default=0.05)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--output", type=Path)
    args = parser.parse_args()
    rounds = []
    for _ in range(args.runs):
        together = timed(args.providers, args.each, args.latency)
        alone = [timed(1, args.each, args.latency) for _ in range(3)]
        rounds.append({"together": together, "alone": max(alone), "ratio": together / max(alone)})
    told = {
        "machine": machine([]),
        "credentials": args.providers * args.each,
        "providers": args.providers,
        "latency": args.latency,
        "rounds": rounds,
        "ratio": statistics.median(each["ratio"] for each in rounds),
    }
    print(json.dumps(told, indent=1))
    if args.output:
        args.output.write_text(json.dumps(told, indent=1) + "\n")


def timed(providers: int, each: int, latency: float) -> float:
    """Seconds for one apply; every credential must come to REVOKED."""
    names = [f"slack{number}" for number in range(providers)]
    values = {name: [tokens.slack_user(f"{name} {number}") for number in range(each)] for name in names}
    ours, theirs = multiprocessing.Pipe()
    serving = multiprocessing.Process(target=serve, args=(theirs, values, latency), daemon=True)
    serving.start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            return _applied(Path(folder), ours.recv(), values)
    finally:
        serving.terminate()
        serving.join()


def serve(pipe: Connection, values: dict[str, list[str]], latency: float) -> None:
    """All providers, in a process of their own: they must not take the time of what is measured."""
    urls = {}
    for name, mine in values.items():
        server = SlackSimulator().start()
        server.before = lambda _: time.sleep(latency)
        user = server.add_user("lee")
        for value in mine:
            server.add_token(user, value)
        urls[name] = f"{server.url}/api"
    pipe.send(urls)
    pipe.recv()


def _applied(folder: Path, urls: dict[str, str], values: dict[str, list[str]]) -> float:
    now = datetime.now(UTC)
    points = [point(name, value) for name, mine in values.items() for value in mine]
    known = {KEY.fingerprint(KIND, {"secret": v.encode()}): v for mine in values.values() for v in mine}
    made = plan.build(
        replace(PERSON, accounts=(Account(provider="slack0", id="U1"),)),
        points,
        (),
        (),
        Policy(max_steps=10_000),
        heading=plan.Heading(
            run="run-1", now=now, requester="boss@example.com", rules_digest="sha256:none", key_id=KEY.id
        ),
        options=lambda _: revokers.slack.HANDLES[KIND],
        by_hand={},
    )
    register, approval = _approved(folder, made, now)
    store = Store.open(folder / "state")
    ledger = Ledger(store, lambda: datetime.now(UTC), "offkey")
    ledger.append("plan.made", made.run, {"digest": made.digest, "plan": to_json(made)})

    def credential(at: AccessPoint) -> Credential:
        return Credential(kind=KIND, parts={"secret": Secret(known[at.fingerprint].encode())})

    executors = {name: _executor(url, approval, made) for name, url in urls.items()}
    began = time.perf_counter()
    receipts = apply.apply(
        made,
        [approval],
        executors,
        ledger,
        register=register,
        credentials=credential,
        key=KEY,
        now=lambda: datetime.now(UTC),
        sleep=time.sleep,
    )
    seconds = time.perf_counter() - began
    store.close()
    assert {receipt.outcome for receipt in receipts} == {Outcome.REVOKED}
    assert len(receipts) == len(known)
    return seconds


def _approved(folder: Path, made: Plan, now: datetime) -> tuple[Path, Approval]:
    """A register with one approver, and her signed yes."""
    key, register = folder / "ann", folder / "register"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(key)], check=True)
    register.write_text(f'ann@example.com namespaces="{NAMESPACE}" {key.with_suffix(".pub").read_text()}')
    return register, approve.sign(approve.approve(made, "ann@example.com", now), key)


def _executor(url: str, approval: Approval, made: Plan) -> ProviderExecutor:
    admin = Secret(tokens.slack_user("offkey's own").encode())
    settings = revokers.slack.Settings(read=admin, url=url)
    http = revokers.writer("slack", settings, approval=approval, plan_digest=made.digest)
    return ProviderExecutor(revokers.REGISTRY["slack"], http, settings)


if __name__ == "__main__":
    main()
