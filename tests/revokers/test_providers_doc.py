"""Nothing found is left without an end: a revoker, or a text that says who ends it and where. And the page says so."""

from pathlib import Path

import revokers
import rules
from offkey.model import Action
from tests.revokers.providers_table import render

PAGE = Path(__file__).parents[2] / "docs" / "providers.md"
WITHOUT_ONE_ADDRESS = {
    "ansible", "bitcoin", "commandline", "database", "django", "ethereum", "ftp", "generic", "gitea", "hash",
    "http", "jdbc", "jenkins", "jfrog", "jwt", "kubernetes", "laravel", "mattermost", "mysql", "nats",
    "netrc", "ntfy", "octopus", "openshift", "otp", "postgres", "private_key", "proxmox", "rabbitmq", "rails",
    "rancher", "sonarr", "splunk", "svix", "symfony", "unleash", "url", "vault", "versioneye", "wireguard",
    "woocommerce", "wordpress",
}  # fmt: skip
"""Their console is wherever their owner runs them."""
BY_HAND = {
    "anthropic.session", "atlassian.api_token.legacy", "atlassian.data_center_token",
    "atlassian.oauth_secret", "aws.bedrock_key.short", "aws.cognito_secret", "aws.ses_smtp_password",
    "aws.session_token", "azure.annotated_key", "azure.client_secret.legacy", "azure.cognitive_key",
    "azure.container_registry.legacy", "azure.functions_key.url", "azure.messaging_key",
    "azure.refresh_token", "azure.static_web_apps", "azure.storage_key.assigned",
    "cloudflare.access_service_token", "cloudflare.r2_secret", "database.connect_call",
    "database.jdbc_oracle", "database.my_cnf", "database.mysql_dsn", "database.redis_dsn",
    "database.sql_statement", "digitalocean.spaces_key", "digitalocean.token.legacy", "discord.client_secret",
    "figma.pat.legacy", "gcp.oauth_client_secret.legacy", "github.oauth_client_secret", "github.pat.legacy",
    "gitlab.oauth_secret.legacy", "gitlab.pat.legacy", "keycloak.client_secret", "keycloak.realm_secret",
    "mailchimp.transactional_legacy_key",
    "mailgun.webhook_signing_key", "netlify.build_hook", "netlify.pat.legacy", "newrelic.license_key.legacy",
    "npm.password", "okta.client_secret", "openai.session", "pagerduty.integration_key", "private_key.der",
    "private_key.jks", "private_key.jwk_symmetric", "private_key.other", "private_key.pkcs12",
    "private_key.ssh2", "private_key.xml", "sentry.token.legacy", "slack.client_secret", "slack.cookie",
    "slack.session", "slack.signing_secret", "snowflake.client_secret", "snowflake.programmatic_access_token",
    "snowflake.session_token", "sonar.token.legacy", "supabase.service_role_key", "twilio.auth_token.alone",
    "vault.unseal_key", "vercel.token.legacy",
}  # fmt: skip
"""Found, but never asked about or ended: their provider's module does not know them, its text says what to do."""


def test_the_page_is_what_the_code_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(), (
        "run: python -m tests.revokers.providers_table > docs/providers.md"
    )


def test_every_kind_of_a_registered_provider_is_handled_or_known_to_be_left_to_a_person() -> None:
    kinds = {rule.kind for rule in rules.load().rules if rule.provider in revokers.REGISTRY}
    assert kinds - set(revokers.handled()) == BY_HAND


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
