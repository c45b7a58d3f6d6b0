"""The pictures of the benchmarks. Needs matplotlib, which offkey itself does not: pip install matplotlib."""

import importlib
from pathlib import Path
from typing import Any


def figure(width: float, height: float) -> tuple[Any, Any]:
    """A figure and its axes, drawn without a screen; SystemExit where matplotlib is missing."""
    try:
        matplotlib = importlib.import_module("matplotlib")
    except ImportError:
        raise SystemExit("plots need matplotlib: pip install matplotlib") from None
    matplotlib.use("Agg")
    drawn: tuple[Any, Any] = importlib.import_module("matplotlib.pyplot").subplots(
        figsize=(width, height), layout="constrained"
    )
    return drawn


def under(axes: Any, title: str, machine: dict[str, Any]) -> None:
    """The title, and below it in small the machine that the figures are of."""
    memory = f"{machine['memory_bytes'] / 2**30:.0f} GiB"
    told = (
        f"{machine['processors']} processors, {machine['processor']}, {memory}, {machine['system']}, {machine['date']}"
    )
    axes.set_title(title, fontsize=11, pad=18)
    axes.text(0.5, 1.015, told, transform=axes.transAxes, ha="center", fontsize=7)


def bars(results: dict[str, Any], machine: dict[str, Any], file: Path) -> None:
    """Median seconds of each program, grouped by repository, on a logarithmic scale."""
    programs = [*dict.fromkeys(name for result in results.values() for name in result["median_seconds"])]
    picture, axes = figure(9, 1.2 + 0.26 * len(results) * (len(programs) + 1))
    thick = 0.8 / len(programs)
    for number, program in enumerate(programs):
        for row, result in enumerate(results.values()):
            seconds = result["median_seconds"].get(program)
            if seconds is not None:
                at = row + thick * (number - (len(programs) - 1) / 2)
                axes.barh(at, seconds, thick * 0.9, color=f"C{number}", label=program if row == 0 else None)
                axes.annotate(f" {program}  {seconds:g} s", (seconds, at), va="center", fontsize=8)
    axes.set_xscale("log")
    axes.set_xlim(right=axes.get_xlim()[1] * 6)
    axes.set_yticks(range(len(results)), ["\n".join(Path(name).parts[-2:]) for name in results])
    axes.invert_yaxis()
    axes.set_xlabel("seconds, whole process, median (logarithmic)")
    under(axes, "Scanning a whole history", machine)
    picture.savefig(file, dpi=120)


def growth(points: dict[str, list[tuple[float, float]]], machine: dict[str, Any], file: Path) -> None:
    """Seconds over pack bytes, both logarithmic; `points` by program. A dashed line grows as the bytes do."""
    picture, axes = figure(7, 4.5)
    for program, pairs in points.items():
        axes.plot(*zip(*pairs, strict=True), marker="o", label=program)
        size, seconds = pairs[0]
        straight = [(one, seconds * one / size) for one, _ in pairs]
        axes.plot(*zip(*straight, strict=True), linestyle="--", color="gray", label="as the bytes")
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("bytes of the pack")
    axes.set_ylabel("seconds, whole process, median")
    axes.grid(visible=True, which="both", alpha=0.3)
    under(axes, "As the history grows", machine)
    axes.legend()
    picture.savefig(file, dpi=120)
