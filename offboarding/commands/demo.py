"""`offkey demo`: a sample organisation, local provider services, and one whole offboarding."""

import argparse
import shutil
import tempfile
import time
from pathlib import Path

from offboarding.ui import UI
from offkey.errors import Exit, OffkeyError, UsageError


class DemoUnavailable(OffkeyError):
    """Something that the demonstration needs is not installed."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dir", type=Path, metavar="FOLDER", help="where to build it (default: a temporary folder)")


def run(args: argparse.Namespace, ui: UI) -> Exit:
    """Build, tell, and leave the folder in place so that the evidence can be looked at."""
    began = time.monotonic()
    folder = _folder(args.dir)
    if shutil.which("git") is None:
        raise DemoUnavailable("git was not found", advice="install git and try again")
    try:
        import moto.server  # noqa: F401
    except ImportError:
        raise DemoUnavailable("the AWS stand-in is not installed", advice="pip install 'offkey[demo]'") from None
    from offboarding.demo import organisation, services, story

    ui.out.print(
        "Kestrel Robotics has three repositories and five people. Today Sam Rivera leaves.\n"
        "AWS, GitHub and Slack are stand-ins on this machine; git, offkey and every step are real.",
        highlight=False,
    )
    with services.running(seed=folder.name) as running:
        work = organisation.build(folder, running.keys, running.sam_github_id)
        for name in work:
            running.add_repository(name, folder / "remotes" / f"{name}.git")
        telling = story.Story(ui=ui, folder=folder, services=running, work=work)
        telling.prepare()
        telling.tell()
    ui.out.print(f"\nThe evidence lies in {folder / 'evidence'}", style="bold", highlight=False, soft_wrap=True)
    ui.out.print(
        f"Open {folder / 'evidence' / 'report.html'}, or check it without offkey:\n"
        f"  python3 {folder / 'evidence' / 'verify.py'} {folder / 'evidence'}\n"
        f"The whole took {time.monotonic() - began:.0f} s; remove it with: rm -r {folder}",
        highlight=False,
        soft_wrap=True,
    )
    return Exit.DONE


def _folder(given: Path | None) -> Path:
    if given is None:
        return Path(tempfile.mkdtemp(prefix="offkey-demo-"))
    folder = given.absolute()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{given} exists and is not an empty folder", advice="name another, or remove it first")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
