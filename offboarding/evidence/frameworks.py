"""Which requirement of which framework a run's evidence speaks to, and what it says. Pure.

offkey does not call a control met: that is the auditor's word, on more than one run. It says where the evidence for it
stands, and names what in this run speaks against it. The sentences are ours; the frameworks' own texts are
SOC 2 (AICPA Trust Services Criteria 2017, with the points of focus of 2022), ISO/IEC 27001:2022 annex A,
NIST SP 800-53 revision 5, CIS Controls 8.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from offboarding.evidence.case import Case, Promptness


@dataclass(frozen=True, slots=True)
class Requirement:
    """`files` are those of the evidence folder that show it."""

    framework: str
    number: str
    asks: str
    files: tuple[str, ...]
    against: Callable[[Case], list[str]]


@dataclass(frozen=True, slots=True)
class Finding:
    """A requirement with what in this run speaks against it; nothing does where `exceptions` is empty."""

    requirement: Requirement
    exceptions: tuple[str, ...]


def _hours(time: timedelta) -> str:
    return f"{time.total_seconds() / 3600:g} hours"


def _removal(case: Case) -> list[str]:
    """Access that is open, or was ended late."""
    late, unmeasured = case.counted(Promptness.LATE), case.counted(Promptness.NOT_MEASURED)
    return [
        *_unended(case),
        *([f"{late} ended later than {_hours(case.sla)} after the person left"] if late else []),
        *(["nobody said when the person left, so that promptness is not measured"] if unmeasured else []),
    ]


def _unended(case: Case) -> list[str]:
    number = case.counted(Promptness.OPEN)
    return [f"{number} of {len(case.controls)} accesses are not shown to be ended"] if number else []


def _looked_at(case: Case) -> list[str]:
    number = sum(len(entry.gaps) for entry in case.coverage)
    return [f"{number} places could not be looked at"] if number else []


def _approved(case: Case) -> list[str]:
    return [] if case.approved_at or not case.plan.steps else ["no approval stands in the ledger"]


def _all_of_it(case: Case) -> list[str]:
    return [*_removal(case), *_looked_at(case), *_approved(case)]


_STEPS = ("steps.csv", "receipts/", "ledger.jsonl")
REQUIREMENTS = (
    Requirement(
        "SOC 2",
        "CC6.2",
        "Credentials are removed when access is no longer authorised.",
        (*_STEPS, "case.json"),
        _removal,
    ),
    Requirement(
        "SOC 2",
        "CC6.3",
        "Access is changed or removed by role and need, with segregation of duties.",
        ("plan.json", "approvals/", "inventory.csv"),
        lambda case: [*_unended(case), *_approved(case)],
    ),
    Requirement(
        "ISO/IEC 27001:2022",
        "A.5.18",
        "Access rights are reviewed, modified and removed by the organisation's rules.",
        ("inventory.csv", *_STEPS),
        lambda case: [*_removal(case), *_looked_at(case)],
    ),
    Requirement(
        "ISO/IEC 27001:2022",
        "A.6.5",
        "What remains to be done after employment ends or changes is defined, and enforced.",
        ("case.json", "steps.csv"),
        lambda case: [f"{len(case.open_steps)} steps wait for somebody"] if case.open_steps else [],
    ),
    Requirement(
        "NIST SP 800-53 r5",
        "PS-4",
        "On termination, system access is disabled in time and authenticators are revoked.",
        (*_STEPS, "case.json"),
        _removal,
    ),
    Requirement(
        "NIST SP 800-53 r5",
        "AC-2(3)",
        "Accounts that no longer belong to a user are disabled in time.",
        ("inventory.csv", "steps.csv"),
        _removal,
    ),
    Requirement(
        "CIS Controls 8",
        "6.2",
        "A process revokes access at once upon termination or change of role, and keeps the trail.",
        ("report.html", "ledger.jsonl", "proofs.json"),
        _all_of_it,
    ),
)


def judge(case: Case) -> tuple[Finding, ...]:
    """Each requirement with this run's exceptions, in the order of REQUIREMENTS."""
    return tuple(Finding(requirement, tuple(requirement.against(case))) for requirement in REQUIREMENTS)
