"""Nothing found is left without an end: a revoker, or a text that says who ends it and where. And the page says so."""

from pathlib import Path

import revokers
import rules
from offkey.model import Action
from tests.revokers.providers_table import render

PAGE = Path(__file__).parents[2] / "docs" / "providers.md"
WITHOUT_ONE_ADDRESS = {
    "bitcoin", "database", "django", "generic", "gitea", "jenkins", "jfrog", "jwt", "kubernetes",
    "laravel", "nats", "netrc", "ntfy", "octopus", "openshift", "private_key", "proxmox", "rails",
    "rancher", "splunk", "svix", "unleash", "url", "vault", "wireguard", "woocommerce", "wordpress",
}  # fmt: skip
"""Their console is wherever their owner runs them."""


def test_the_page_is_what_the_code_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(), (
        "run: python -m tests.revokers.providers_table > docs/providers.md"
    )


def test_every_kind_of_a_registered_provider_is_handled() -> None:
    kinds = {rule.kind for rule in rules.load().rules if rule.provider in revokers.REGISTRY}
    assert kinds <= set(revokers.handled())


def test_every_other_kind_has_a_text_to_hand_it_over_with_the_consoles_address() -> None:
    ruleset = rules.load()
    for name in {rule.provider for rule in ruleset.rules if rule.kind not in revokers.handled()}:
        provider = ruleset.providers[name]
        assert len(provider.handover) > 20, name
        assert provider.console.startswith("https://") or name in WITHOUT_ONE_ADDRESS, name


def test_what_is_handed_over_says_how_and_what_waits_for_a_yes_says_what_else() -> None:
    for kind, ways in revokers.handled().items():
        for way in ways:
            if way.action is Action.HAND_OVER or way.needs:
                assert "https://" in way.how, kind
