"""The registry's own truths: it has no address here, and a restricted token is refused while it lives."""

from offkey.model import Liveness
from revokers import crates
from tests.revokers.case import credential
from tests.revokers.contract import CASES
from tests.simulators.crates import CratesSimulator, token


def test_there_is_no_registrys_address_in_the_module() -> None:
    assert ("", frozenset()) == (crates.URL, crates.HOSTS)


def test_a_token_restricted_to_other_endpoints_is_not_called_dead() -> None:
    with CASES["crates.token"]() as case:
        assert isinstance(case.sim, CratesSimulator)
        case.sim.add_token(token("publishes"), restricted=True)
        value = credential("crates.token", secret=token("publishes"))
        assert crates.check(case.reader(), value).liveness is Liveness.UNKNOWN
