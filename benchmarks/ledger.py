"""The ledger at size: appending, verifying, checkpoints and proofs, on SQLite and on PostgreSQL.

    python benchmarks/ledger.py [--events 1000000] [--single 500] [--grouped 5000] [--threads 64] [--batch 500]
                                [--database sqlite|postgresql] [--folder DIR] [--output FILE]

Events are those of an apply: intent, acting, acted, receipt of one step after another. `single` ones are appended one
by one, each waiting for the disk; `grouped` ones by threads that append at once and so share transactions; the rest
`batch` at a time, in a transaction each. PostgreSQL is a server of its own on loopback, with fsync on. Memory is the
peak of a process that only verifies. Seconds are of the clock; `cpu` ones are this process's own, which a busy machine
does not stretch as much.
"""

import argparse
import json
import random
import resource
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from machine import machine

from offboarding.ledger import chain, merkle, note
from offboarding.ledger.chain import Checkpoint
from offboarding.ledger.ledger import Ledger
from offboarding.ledger.store import Store, _Append
from offkey.model import AuditEvent
from tests.revokers import servers

PROOFS = 1000
NODE = 32


def event(number: int) -> tuple[str, dict[str, Any]]:
    """Type and body of an event as an apply writes it, the next of its step's four."""
    at, step = "2026-11-20T12:00:00Z", f"{number // 4:012x}"
    check = {"liveness": "DEAD", "reason": "the key is not listed any more", "at": at, "holder": None, "status": 404}
    exchange = {"method": "DELETE", "target": f"api.example.com/keys/{number}", "status": 204, "summary": "", "at": at}
    told = {"step": step, "outcome": "REVOKED", "before": check, "after": check, "exchanges": [exchange]}
    return (
        ("step.intent", {"step": step, "attempt": 1}),
        ("step.acting", {"step": step}),
        ("step.acted", {"step": step, "act": "accepted", "note": "", "exchanges": [exchange]}),
        ("step.receipt", {"receipt": {**told, "started_at": at, "finished_at": at, "note": ""}}),
    )[number % 4]


def made(ledger: Ledger, number: int) -> _Append:
    """What the store appends in its turn."""
    (kind, body), salt = event(number), secrets.token_hex(32)

    def make(last: AuditEvent | None) -> AuditEvent:
        return chain.next_event(
            last, at=ledger.now(), actor=ledger.actor, type=kind, run=f"run-{number // 400}", body=body, salt=salt
        )

    return _Append(make)


def append_batches(ledger: Ledger, count: int, batch: int) -> dict[str, float]:
    start, cpu = time.perf_counter(), time.process_time()
    for first in range(0, count, batch):
        ledger.store._write([made(ledger, number) for number in range(first, min(first + batch, count))])
    took, cpu = time.perf_counter() - start, time.process_time() - cpu
    return {
        "events": count, "batch": batch, "seconds": took, "events_per_second": count / took,
        "cpu_seconds": cpu, "events_per_cpu_second": count / cpu,
    }  # fmt: skip


def append_single(ledger: Ledger, count: int) -> dict[str, float]:
    waits = []
    for number in range(count):
        start = time.perf_counter()
        ledger.append(event(number)[0], "single", event(number)[1])
        waits.append(time.perf_counter() - start)
    return {
        "events": count,
        "events_per_second": count / sum(waits),
        "median_ms": statistics.median(waits) * 1000,
        "p99_ms": sorted(waits)[int(count * 0.99)] * 1000,
    }


def append_grouped(ledger: Ledger, count: int, threads: int) -> dict[str, float]:
    start = time.perf_counter()

    def some(first: int) -> None:
        for number in range(first, count, threads):
            ledger.append(event(number)[0], f"grouped-{number % threads}", event(number)[1])

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(some, range(threads)))
    took = time.perf_counter() - start
    return {"events": count, "threads": threads, "seconds": took, "events_per_second": count / took}


def timed(action: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = action()
    return time.perf_counter() - start, result


def proofs(ledger: Ledger) -> dict[str, Any]:
    """The tree once, then many proofs: how long each takes, how large it is, and that it verifies."""
    built, tree = timed(lambda: merkle.Tree(ledger.store.entries()))
    entries = list(ledger.store.entries())
    chosen = random.Random(7)
    root, sizes, waits, older, old_sizes = tree.root(), [], [], [], []
    for _ in range(PROOFS):
        index = chosen.randrange(tree.size)
        took, proof = timed(lambda index=index: tree.inclusion(index))
        waits.append(took)
        sizes.append(len(proof) * NODE)
        assert merkle.verify_inclusion(entries[index], index, tree.size, proof, root)
        first = chosen.randrange(1, tree.size)
        took, proof = timed(lambda first=first: tree.consistency(first))
        older.append(took)
        old_sizes.append(len(proof) * NODE)
        assert merkle.verify_consistency(first, tree.size, tree.root(first), root, proof)
    return {
        "tree_seconds": built,
        "inclusion": {"microseconds": statistics.median(waits) * 1e6, "bytes": max(sizes)},
        "consistency": {"microseconds": statistics.median(older) * 1e6, "bytes": max(old_sizes)},
    }


def measure(where: str, args: argparse.Namespace) -> dict[str, Any]:
    ledger = Ledger(Store.open(where), lambda: datetime.now(UTC), "bench@example.com")
    result: dict[str, Any] = {"events": args.events}
    result["single"] = append_single(ledger, args.single)
    result["grouped"] = append_grouped(ledger, args.grouped, args.threads)
    result["batches"] = append_batches(ledger, args.events - args.single - args.grouped, args.batch)
    print(json.dumps(result), flush=True)
    signer = note.make("example.com/ledger", secrets.token_bytes(32))
    took, kept = timed(lambda: signer.sign(ledger.checkpoint()))
    result["checkpoint"] = {"seconds": took, "bytes": len(kept)}
    result["proofs"] = proofs(ledger)
    result["one_run_seconds"] = timed(lambda: ledger.events("run-7"))[0]
    print(json.dumps(result), flush=True)
    ledger.store.close()
    outside = note.opened(kept, [signer.verifier])
    command = [sys.executable, __file__, "--verify", where, str(outside.seq), outside.merkle_root]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    result["verify"] = json.loads(done.stdout)
    return result


def verify(where: str, seq: int, root: str) -> None:
    """Verify in a process of its own and say how long it took and how much memory."""
    ledger = Ledger(Store.open(where), lambda: datetime.now(UTC), "bench@example.com")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    cpu = time.process_time()
    took, verdict = timed(lambda: ledger.verify(Checkpoint(seq=seq, merkle_root=root)))
    cpu = time.process_time() - cpu
    assert verdict.anchored, verdict
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    told = {"seconds": took, "events_per_second": verdict.events / took, "cpu_seconds": cpu}
    print(json.dumps({**told, "peak_mib": peak / 1024, "peak_before_mib": before / 1024}))


@contextmanager
def database(kind: str, folder: str | None) -> Iterator[str]:
    with tempfile.TemporaryDirectory(dir=folder) as place:
        if kind == "sqlite":
            yield f"sqlite+pysqlite:///{Path(place) / 'ledger.db'}"
            return
        password = secrets.token_urlsafe(16)
        with servers.postgres(password, durable=True) as server:
            yield f"postgresql+psycopg://{servers.ADMIN}:{password}@127.0.0.1:{server.port}/postgres"


def main() -> None:
    if sys.argv[1:2] == ["--verify"]:
        verify(sys.argv[2], int(sys.argv[3]), sys.argv[4])
        return
    parser = argparse.ArgumentParser(description="The ledger at size.")
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--single", type=int, default=500)
    parser.add_argument("--grouped", type=int, default=5000)
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--threads", type=int, default=64)
    parser.add_argument("--database", action="append", choices=("sqlite", "postgresql"))
    parser.add_argument("--folder", help="where SQLite's file lies")
    parser.add_argument("--output", type=Path)
    args = parser.parse_args()
    results: dict[str, Any] = {"machine": machine([])}
    for kind in args.database or ("sqlite", "postgresql"):
        with database(kind, args.folder) as where:
            results[kind] = measure(where, args)
        print(json.dumps({kind: results[kind]}, indent=1), flush=True)
        if args.output:
            args.output.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
