"""What the figures of a benchmark were taken on."""

import importlib.metadata
import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

LIBRARIES = ("offkey", "isal", "hyperscan")


def said(*command: str) -> str:
    """The first line a command prints, or "" where it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout.splitlines() or [""])[0].strip() if done.returncode == 0 else ""


def processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def version(library: str) -> str:
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def machine(peers: list[str]) -> dict[str, object]:
    """Processor, memory in bytes, versions, date (UTC) and the commit of this checkout; `peers` are programs."""
    here = str(Path(__file__).parent)
    return {
        "processor": processor(),
        "processors": os.cpu_count(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "system": f"{platform.system()} {platform.release()}",
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        "git": said("git", "--version"),
        "libraries": {name: version(name) for name in LIBRARIES},
        "peers": {Path(peer).name: said(peer, "--version") or said(peer, "version") for peer in peers},
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": said("git", "-C", here, "rev-parse", "HEAD"),
        "changed_since_commit": bool(said("git", "-C", here, "status", "--porcelain", "--untracked-files=no")),
    }
