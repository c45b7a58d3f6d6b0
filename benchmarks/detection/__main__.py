"""How much of what people leak does a scanner find, and how often does it cry wolf?

    python -m benchmarks.detection [--tool NAME ...] [--split tune|report|later|all] [--by shape|provider|class|kind]
                                   [--list-missed N [--show]] [--output FILE] [--table FILE.md]
    python -m benchmarks.detection --write FOLDER      # only the texts, to be looked at

Run it from the root of a checkout: offkey is that checkout. See docs/detection.md.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.detection import score, table
from benchmarks.detection.corpus import Text, corpus, counted, fingerprint
from benchmarks.detection.providers import providers
from benchmarks.detection.tools import TOOLS, Report, asked, found, written
from benchmarks.machine import machine


def parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.detection", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--tool", nargs="+", choices=[*TOOLS], default=["offkey"], help="default: offkey")
    parser.add_argument(
        "--split", choices=["tune", "report", "later", "all"], default="all", help="which part to scan and print"
    )
    parser.add_argument("--by", choices=[*score.BY], help="also a table by this, the worst first")
    parser.add_argument("--list-missed", type=int, metavar="N", help="also so many misses and false alarms")
    parser.add_argument("--show", action="store_true", help="with their texts")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--credsweeper", metavar="PROGRAM", help="where CredSweeper is installed")
    parser.add_argument("--write", type=Path, metavar="FOLDER", help="write the texts there, and ask nobody")
    parser.add_argument("--output", type=Path, help="write the result there, too")
    parser.add_argument("--table", type=Path, help="write the scores as Markdown there")
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    args = parsed(arguments)
    texts = [text for text in corpus(args.seed) if args.split in (text.split, "all")]
    if args.write:
        written(texts, args.write)
        return 0
    programs = {name: "offkey" if name == "offkey" else found(TOOLS[name].program) for name in args.tool}
    if args.credsweeper and "credsweeper" in programs:
        programs["credsweeper"] = args.credsweeper
    peers = [path for path in programs.values() if path and path != "offkey"]
    told: dict[str, Any] = {
        "machine": machine(peers),
        "corpus": counted(texts)
        | {"providers": len(providers()), "seed": args.seed, "split": args.split, "fingerprint": fingerprint(texts)},
        "not_installed": [name for name, path in programs.items() if not path],
        "tools": {},
    }
    for name, report in _reports(texts, {name: path for name, path in programs.items() if path}).items():
        hits = score.hits(texts, report.places)
        told["tools"][name] = {
            "scores": score.summary(texts, hits), "seconds": round(report.seconds, 1), "command": report.command,
        }  # fmt: skip
        _print_lists(args, name, texts, hits)
    lines = table.scores(told, ("tune", "report", "later") if args.split == "all" else (args.split,))
    print(lines, end="")
    if args.table:
        args.table.write_text(lines)
    if args.output:
        args.output.write_text(json.dumps(told, indent=2) + "\n")
    return 0


def _reports(texts: list[Text], programs: dict[str, str]) -> dict[str, Report]:
    """Each tool's report on the same folder of files, which is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="corpus-") as made:
        folder = Path(made) / "files"
        written(texts, folder)
        return {
            name: asked(TOOLS[name], folder, Path(made) / f"{name}.out", program=path)
            for name, path in programs.items()
        }


def _print_lists(args: argparse.Namespace, name: str, texts: list[Text], hits: dict[int, bool]) -> None:
    if args.by:
        print(f"## {name}\n\n{table.by(score.counts(texts, hits, args.by), args.by)}")
    if args.list_missed:
        print(f"## {name}\n\n{table.wrong(texts, hits, args.list_missed, values=args.show)}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
