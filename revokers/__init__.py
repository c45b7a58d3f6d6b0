"""Asks and kills: one module a provider. Nothing here changes anything without a Writer, and that needs an approval."""

from collections.abc import Mapping
from typing import Any

from offkey.errors import OffkeyError
from offkey.http import Reader, Writer
from offkey.model import Action, Approval
from revokers import anthropic as anthropic
from revokers import aws as aws
from revokers import buildkite as buildkite
from revokers import datadog as datadog
from revokers import docker as docker
from revokers import fastly as fastly
from revokers import gcp as gcp
from revokers import github as github
from revokers import gitlab as gitlab
from revokers import google as google
from revokers import jfrog as jfrog
from revokers import okta as okta
from revokers import openai as openai
from revokers import private_key as private_key
from revokers import sentry as sentry
from revokers import slack as slack
from revokers import terraform as terraform
from revokers import vault as vault
from revokers import vercel as vercel
from revokers.protocol import Option, Revoker

REGISTRY: dict[str, Revoker] = {
    "anthropic": anthropic,
    "aws": aws,
    "buildkite": buildkite,
    "datadog": datadog,
    "docker": docker,
    "fastly": fastly,
    "gcp": gcp,
    "github": github,
    "gitlab": gitlab,
    "google": google,
    "jfrog": jfrog,
    "okta": okta,
    "openai": openai,
    "private_key": private_key,
    "sentry": sentry,
    "slack": slack,
    "terraform": terraform,
    "vault": vault,
    "vercel": vercel,
}


class NoRevoker(OffkeyError):
    """Nothing in the registry handles this."""


def reader(provider: str, settings: Any, **options: Any) -> Reader:
    """A Reader at the address that the settings name, or at the provider's own."""
    revoker = REGISTRY[provider]
    return Reader(revoker.gate, settings.url or revoker.URL, instance=settings.url, **options)


def writer(provider: str, settings: Any, *, approval: Approval, plan_digest: str, **options: Any) -> Writer:
    """A Writer at the same address. Raises `offkey.http.Refused` without a signed approval of exactly this plan."""
    revoker = REGISTRY[provider]
    base = settings.url or revoker.URL
    return Writer(revoker.gate, base, instance=settings.url, approval=approval, plan_digest=plan_digest, **options)


def option(kind: str, action: Action) -> Option:
    """The option of a kind's HANDLES for an action. Raises NoRevoker when there is none."""
    revoker = REGISTRY.get(kind.split(".", maxsplit=1)[0])
    for found in revoker.HANDLES.get(kind, ()) if revoker else ():
        if found.action is action:
            return found
    raise NoRevoker(f"nothing here does {action} to {kind}", advice="hand it over: see `offkey revokers`")


def handled() -> Mapping[str, tuple[Option, ...]]:
    """Every kind that a revoker knows, with its options."""
    return {kind: options for revoker in REGISTRY.values() for kind, options in revoker.HANDLES.items()}
