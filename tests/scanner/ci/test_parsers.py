"""What is read from a configuration file of each system."""

import pytest

from scanner.ci import registry
from scanner.ci.config import VARIABLE, Config, owners, runs
from tests.scanner.ci.cases import CASES, Case


def read(case: Case) -> Config:
    return registry.read(case.system, case.path, case.text)


def label(case: Case) -> str:
    return f"{case.system} {case.path}"


EVERY = pytest.mark.parametrize("case", CASES, ids=label)


def test_every_system_has_a_case() -> None:
    assert {case.system for case in CASES} == set(registry.SYSTEMS)


@EVERY
def test_the_path_is_known_as_the_systems(case: Case) -> None:
    assert case.system in registry.systems_of(case.path)


@EVERY
def test_the_secrets_it_names_are_read_and_how_it_names_them(case: Case) -> None:
    config = read(case)
    assert not config.problem
    assert {name.name: name.how for name in config.names if name.how != VARIABLE} == case.names


@EVERY
def test_the_variables_it_refers_to_are_read(case: Case) -> None:
    names = {name.name for name in read(case).names if name.how == VARIABLE}
    assert names >= set(case.variables)


@pytest.mark.parametrize("case", [case for case in CASES if "§" in case.marked], ids=label)
def test_a_line_belongs_to_its_job_step_and_environment(case: Case) -> None:
    found = {(part.job, part.step, part.environment) for part in owners(read(case), case.line)}
    assert (case.job, case.step, case.environment) in found


@EVERY
def test_when_it_runs_is_read(case: Case) -> None:
    config = read(case)
    parts = [part for part in owners(config, case.line) if part.job == case.job]
    assert case.when in {runs(config, part) for part in parts} | {config.when}


@EVERY
def test_schedules_and_named_files_are_read(case: Case) -> None:
    config = read(case)
    assert tuple(cron for cron, _ in config.crons) == case.crons
    assert {(file.path, file.how) for file in config.files} >= set(case.files)


@EVERY
def test_every_name_has_a_line_that_exists(case: Case) -> None:
    assert {name.line for name in read(case).names} <= set(range(1, case.text.count("\n") + 2))


@EVERY
def test_windows_line_ends_and_a_mark_at_the_front_change_nothing(case: Case) -> None:
    same = registry.read(case.system, case.path, "\ufeff" + case.text.replace("\n", "\r\n"))
    assert same == read(case)
