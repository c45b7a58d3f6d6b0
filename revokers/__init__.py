"""Asks and kills: one module a provider. Nothing here changes anything without a Writer, and that needs an approval.

A provider's module is imported when it is first asked for: most runs meet a few of them, and all take a second.
"""

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from offkey.errors import OffkeyError
from offkey.http import Reader, Writer
from offkey.model import Action
from offkey.warrant import Yes
from revokers.protocol import Option, Revoker

PROVIDERS = (
    "anthropic",
    "atlassian",
    "aws",
    "azure",
    "buildkite",
    "circleci",
    "cloudflare",
    "confluent",
    "crates",
    "database",
    "databricks",
    "datadog",
    "digitalocean",
    "discord",
    "docker",
    "doppler",
    "fastly",
    "figma",
    "gcp",
    "github",
    "gitlab",
    "google",
    "grafana",
    "heroku",
    "huggingface",
    "jenkins",
    "jfrog",
    "keycloak",
    "launchdarkly",
    "linear",
    "mailchimp",
    "mailgun",
    "mapbox",
    "mongodb",
    "netlify",
    "newrelic",
    "notion",
    "npm",
    "oidc",
    "okta",
    "openai",
    "pagerduty",
    "private_key",
    "pypi",
    "rubygems",
    "sendgrid",
    "sentry",
    "shopify",
    "slack",
    "snowflake",
    "sonar",
    "square",
    "stripe",
    "sumologic",
    "supabase",
    "tailscale",
    "telegram",
    "terraform",
    "twilio",
    "twitch",
    "vault",
    "vercel",
)
"""Each is `revokers/<name>.py` and offers what `Revoker` says."""

if TYPE_CHECKING:  # so that mypy holds every module against the protocol
    from revokers import anthropic as anthropic
    from revokers import atlassian as atlassian
    from revokers import aws as aws
    from revokers import azure as azure
    from revokers import buildkite as buildkite
    from revokers import circleci as circleci
    from revokers import cloudflare as cloudflare
    from revokers import confluent as confluent
    from revokers import crates as crates
    from revokers import database as database
    from revokers import databricks as databricks
    from revokers import datadog as datadog
    from revokers import digitalocean as digitalocean
    from revokers import discord as discord
    from revokers import docker as docker
    from revokers import doppler as doppler
    from revokers import fastly as fastly
    from revokers import figma as figma
    from revokers import gcp as gcp
    from revokers import github as github
    from revokers import gitlab as gitlab
    from revokers import google as google
    from revokers import grafana as grafana
    from revokers import heroku as heroku
    from revokers import huggingface as huggingface
    from revokers import jenkins as jenkins
    from revokers import jfrog as jfrog
    from revokers import keycloak as keycloak
    from revokers import launchdarkly as launchdarkly
    from revokers import linear as linear
    from revokers import mailchimp as mailchimp
    from revokers import mailgun as mailgun
    from revokers import mapbox as mapbox
    from revokers import mongodb as mongodb
    from revokers import netlify as netlify
    from revokers import newrelic as newrelic
    from revokers import notion as notion
    from revokers import npm as npm
    from revokers import oidc as oidc
    from revokers import okta as okta
    from revokers import openai as openai
    from revokers import pagerduty as pagerduty
    from revokers import private_key as private_key
    from revokers import pypi as pypi
    from revokers import rubygems as rubygems
    from revokers import sendgrid as sendgrid
    from revokers import sentry as sentry
    from revokers import shopify as shopify
    from revokers import slack as slack
    from revokers import snowflake as snowflake
    from revokers import sonar as sonar
    from revokers import square as square
    from revokers import stripe as stripe
    from revokers import sumologic as sumologic
    from revokers import supabase as supabase
    from revokers import tailscale as tailscale
    from revokers import telegram as telegram
    from revokers import terraform as terraform
    from revokers import twilio as twilio
    from revokers import twitch as twitch
    from revokers import vault as vault
    from revokers import vercel as vercel

    _offered: tuple[Revoker, ...] = (
        anthropic,
        atlassian,
        aws,
        azure,
        buildkite,
        circleci,
        cloudflare,
        confluent,
        crates,
        database,
        databricks,
        datadog,
        digitalocean,
        discord,
        docker,
        doppler,
        fastly,
        figma,
        gcp,
        github,
        gitlab,
        google,
        grafana,
        heroku,
        huggingface,
        jenkins,
        jfrog,
        keycloak,
        launchdarkly,
        linear,
        mailchimp,
        mailgun,
        mapbox,
        mongodb,
        netlify,
        newrelic,
        notion,
        npm,
        oidc,
        okta,
        openai,
        pagerduty,
        private_key,
        pypi,
        rubygems,
        sendgrid,
        sentry,
        shopify,
        slack,
        snowflake,
        sonar,
        square,
        stripe,
        sumologic,
        supabase,
        tailscale,
        telegram,
        terraform,
        twilio,
        twitch,
        vault,
        vercel,
    )


class _Registry(Mapping[str, Revoker]):
    """Provider to module."""

    def __getitem__(self, name: str) -> Revoker:
        if name not in PROVIDERS:
            raise KeyError(name)
        module: Any = import_module(f"revokers.{name}")
        return module  # type: ignore[no-any-return]

    def __contains__(self, name: object) -> bool:
        return name in PROVIDERS

    def __iter__(self) -> Iterator[str]:
        return iter(PROVIDERS)

    def __len__(self) -> int:
        return len(PROVIDERS)


REGISTRY: Mapping[str, Revoker] = _Registry()


def __getattr__(name: str) -> Any:
    if name in PROVIDERS:
        return import_module(f"revokers.{name}")
    raise AttributeError(name)


class NoRevoker(OffkeyError):
    """Nothing in the registry handles this."""


def reader(provider: str, settings: Any, **options: Any) -> Reader:
    """A Reader at the address that the settings name, or at the provider's own."""
    revoker = REGISTRY[provider]
    return Reader(revoker.gate, settings.url or revoker.URL, instance=settings.url, **options)


def writer(provider: str, settings: Any, *, approval: Yes, plan_digest: str, **options: Any) -> Writer:
    """A Writer at the same address. Raises `offkey.http.Refused` without a signed approval of exactly this plan."""
    revoker = REGISTRY[provider]
    base = settings.url or revoker.URL
    return Writer(revoker.gate, base, instance=settings.url, approval=approval, plan_digest=plan_digest, **options)


def handles(kind: str) -> tuple[Option, ...]:
    """What can be done about one kind; nothing when no revoker knows it."""
    revoker = REGISTRY.get(kind.split(".", maxsplit=1)[0])
    return tuple(revoker.HANDLES.get(kind, ())) if revoker else ()


def option(kind: str, action: Action) -> Option:
    """The option of a kind's HANDLES for an action. Raises NoRevoker when there is none."""
    for found in handles(kind):
        if found.action is action:
            return found
    raise NoRevoker(f"nothing here does {action} to {kind}", advice="hand it over: see `offkey revokers`")


def handled() -> Mapping[str, tuple[Option, ...]]:
    """Every kind that a revoker knows, with its options. Imports every provider's module."""
    return {kind: options for revoker in REGISTRY.values() for kind, options in revoker.HANDLES.items()}
