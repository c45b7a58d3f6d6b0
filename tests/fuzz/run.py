"""Runs one fuzzer: `python -m tests.fuzz.run plan --seconds 600 --sanitize`. See docs/fuzzing.md."""

import argparse
import faulthandler
import importlib.util
import os
import random
import resource
import signal
import subprocess
import sys
import sysconfig
import time
import traceback
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp

ROOT = Path(__file__).parents[2]
SANITIZERS = ("-fsanitize=address,undefined", "-fno-sanitize-recover=undefined", "-fno-omit-frame-pointer", "-O1", "-g")
COVERAGE = ("--coverage", "-O0", "-g")
HANGS = 10
MEMORY = 1 << 30
"""Bytes that an input may take, on top of what the process has."""


def main() -> int:
    parser = argparse.ArgumentParser(description="Feed damaged packs to the readers.")
    parser.add_argument("target", choices=("plan", "apply", "carry", "trees", "scan", "ci"))
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--sanitize", action="store_true", help="the kernel with AddressSanitizer and UBSan")
    parser.add_argument("--coverage", action="store_true", help="count the kernel's lines with gcov")
    parser.add_argument("--atheris", action="store_true", help="guided by coverage of the Python twin")
    parser.add_argument("--findings", type=Path, default=Path(".fuzz"), help="where inputs that fail are kept")
    parser.add_argument("--input", type=Path, help="run this one input again")
    args = parser.parse_args()
    if args.sanitize or args.coverage:
        _use(_built(args.sanitize), args.sanitize)
    if args.atheris:
        return _guided(args)
    from tests.fuzz.targets import TARGETS

    if args.input:
        TARGETS[args.target](args.input.read_bytes())
        return 0
    return _random(args)


def _built(sanitize: bool) -> Path:
    """The kernel with checks built in. In the process that runs under AddressSanitizer it is there already."""
    if "OFFKEY_FUZZ_KERNEL" in os.environ:
        return Path(os.environ["OFFKEY_FUZZ_KERNEL"])
    folder = Path(mkdtemp(prefix="kernel"))
    made = folder / "_kernel.so"
    flags = SANITIZERS if sanitize else COVERAGE
    include = sysconfig.get_paths()["include"]
    source = ROOT / "scanner/_kernel.c"
    command = ["gcc", "-shared", "-fPIC", *flags, f"-I{include}", str(source), "-o", str(made)]
    subprocess.run(command, cwd=folder, check=True)
    return made


def _use(made: Path, sanitize: bool) -> None:
    """Load this kernel in place of the built one; starts the process anew under AddressSanitizer."""
    if sanitize and "OFFKEY_FUZZ_KERNEL" not in os.environ:
        library = subprocess.run(["gcc", "-print-file-name=libasan.so"], check=True, capture_output=True, text=True)
        os.environ.update(
            OFFKEY_FUZZ_KERNEL=str(made),
            LD_PRELOAD=library.stdout.strip(),
            PYTHONMALLOC="malloc",
            ASAN_OPTIONS="detect_leaks=0:max_allocation_size_mb=1024:allocator_may_return_null=1",
            UBSAN_OPTIONS="print_stacktrace=1",
        )
        os.execv(sys.executable, [sys.executable, "-m", "tests.fuzz.run", *sys.argv[1:]])
    os.environ.pop("LD_PRELOAD", None)  # not for git
    spec = importlib.util.spec_from_file_location("scanner._kernel", made)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.modules["scanner._kernel"] = module


def _random(args: argparse.Namespace) -> int:
    from tests.fuzz.targets import TARGETS

    target, drawn = TARGETS[args.target], random.Random(args.seed)
    target(b"")  # imports, rules and the corpus are not the inputs' cost
    if not args.sanitize and args.target != "scan":  # which bounds its own children
        bound = _pages() * resource.getpagesize() + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (bound, bound))
    signal.signal(signal.SIGALRM, _late)
    began = time.monotonic()
    runs = failures = 0
    first = _resident()
    while time.monotonic() - began < args.seconds:
        data = drawn.randbytes(drawn.choice((8, 40, 150, 600, 2000)))
        runs += 1
        _last(args, data)
        faulthandler.dump_traceback_later(6 * HANGS, exit=True)
        signal.alarm(HANGS if args.target != "scan" else 3 * HANGS)
        try:
            target(data)
        except Exception:  # noqa: BLE001 - every failure is kept, and the fuzzing goes on
            failures += 1
            traceback.print_exc()
            print(f"kept: {_kept(args, data)}", flush=True)
        signal.alarm(0)
    print(f"{args.target}: {runs} inputs in {time.monotonic() - began:.0f} s, {failures} failed, seed {args.seed}")
    print(f"resident memory {first >> 20} MB before, {_resident() >> 20} MB after", flush=True)
    return int(failures > 0)


def _last(args: argparse.Namespace, data: bytes) -> None:
    """Kept before it runs: a crash takes the process along."""
    args.findings.mkdir(exist_ok=True)
    (args.findings / f"{args.target}-{args.seed}-last").write_bytes(data)


def _kept(args: argparse.Namespace, data: bytes) -> Path:
    path: Path = args.findings / f"{args.target}-{sha256(data).hexdigest()[:12]}"
    path.write_bytes(data)
    return path


def _late(*_: object) -> None:
    raise TimeoutError(f"no answer within {HANGS} s")


def _pages() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0])


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def _guided(args: argparse.Namespace) -> int:
    import atheris

    with atheris.instrument_imports(include=["scanner", "tests.fuzz"]):
        from tests.fuzz.targets import TARGETS
    target = TARGETS[args.target]
    target(b"")
    args.findings.mkdir(exist_ok=True)
    inputs = args.findings / f"corpus-{args.target}"
    inputs.mkdir(exist_ok=True)
    options = [f"-max_total_time={args.seconds:.0f}", f"-timeout={HANGS}", "-max_len=3000", "-rss_limit_mb=2048"]
    atheris.Setup([sys.argv[0], str(inputs), *options, f"-artifact_prefix={args.findings}/{args.target}-"], target)
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
