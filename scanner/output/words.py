"""A use of a secret in words, for tables, reports and plans. Pure."""

from collections.abc import Iterable, Sequence

from offkey.found import Use

_TITLES = {
    "github-actions": "workflow", "gitlab-ci": "pipeline", "jenkins": "Jenkins", "circleci": "CircleCI workflow",
    "azure-pipelines": "Azure pipeline", "bitbucket-pipelines": "Bitbucket pipeline", "travis": "Travis build",
    "drone": "Drone pipeline", "buildkite": "Buildkite pipeline", "cloud-build": "Cloud Build", "argo": "Argo",
    "dockerfile": "image", "compose": "services of", "kubernetes": "manifest", "terraform": "Terraform",
    "store": "the", "ansible": "Ansible", "package-manager": "packages by", "dotenv": "environment file",
}  # fmt: skip


def job(use: Use) -> str:
    """`workflow .github/workflows/deploy.yml of webshop, job release, step push, environment production`."""
    repo = use.repo.rstrip("/").rpartition("/")[2].removesuffix(".git")
    whose = f" of {repo}" if repo.strip(".-") else ""
    pieces = [f"{_TITLES.get(use.system, use.system)} {use.path}{whose}"]
    pieces += [f"job {use.job}"] if use.job else []
    pieces += [use.step if use.step.startswith("step ") else f"step {use.step}"] if use.step else []
    if use.environment:
        pieces.append(f"environment {use.environment}")
    return ", ".join(pieces)


def sentence(use: Use) -> str:
    """The job, when it runs, who last changed it, what it uses, and how that is known."""
    inside = [f"on {', '.join(use.when)}"] if use.when else []
    if use.changed:
        inside.append(f"last changed by {use.changed.name} <{use.changed.email}> on {use.changed.at:%Y-%m-%d}")
    if not use.present:
        inside.append("in history only" + (f", since commit {use.commit[:12]}" if use.commit else ""))
    about = f" ({'; '.join(inside)})" if inside else ""
    what = f" uses {use.name}" if use.name else ""
    return f"{job(use)}{about}{what}{f': {use.note}' if use.note else ''}"


def of_today(uses: Iterable[Use]) -> tuple[Use, ...]:
    """The uses that stand in a branch tip: what can break."""
    return tuple(use for use in uses if use.present)


def brief(uses: Sequence[Use], most: int) -> tuple[str, ...]:
    """Up to `most` sentences, and how many are left out."""
    lines = [sentence(use) for use in uses[:most]]
    more = len(uses) - most
    return (*lines, *([f"and {more} more"] if more > 0 else []))
