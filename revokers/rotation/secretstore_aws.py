"""AWS Secrets Manager as a store for successors: one existing secret, in the account and region of the configuration.

`GetSecretValue` tells the value and its VersionId. `PutSecretValue` makes a new version, which becomes AWSCURRENT and
the former one AWSPREVIOUS. It knows no check-and-set: the version is compared right before. What is asked for by name
answers with its name and ARN: both are compared.

https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html
https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from offkey import boto
from offkey.boto import AwsCredentials
from offkey.http import Gate, Reader, Writer
from offkey.model import Exchange
from offkey.secret import Secret
from revokers.aws_iam import PROVIDER, Settings
from revokers.parts import last, trouble
from revokers.protocol import NotIdentified, Unclear
from revokers.rotation import WHOLE, Held

__all__ = ["NEEDS", "PLACES", "PROVIDER", "gate", "look", "put", "refusal"]

PLACES: tuple[frozenset[str], ...] = (frozenset({"region", "secret"}),)
NEEDS: Mapping[str, str] = {
    "secretsmanager:GetSecretValue": "apply: keeping the secret's other fields, and seeing that the value arrived",
    "secretsmanager:PutSecretValue": "apply: storing the successor",
}
_SERVICE = "secretsmanager"
_READ, _WRITE = ("AWS", f"{_SERVICE}:GetSecretValue"), ("AWS", f"{_SERVICE}:PutSecretValue")


def refusal(place: Mapping[str, str], fields: Mapping[str, str]) -> str:
    if not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d", place["region"]):
        return "region must be one of AWS's, such as eu-central-1"
    if not re.fullmatch(r"[A-Za-z0-9/_+=.@-]{1,512}", place["secret"]):
        return "secret must be the secret's name, not its ARN"
    if WHOLE in fields.values() and len(fields) > 1:
        return 'only a credential of one part can be the whole secret ("")'
    return ""


def gate(place: Mapping[str, str]) -> tuple[Gate, str]:
    host = f"{_SERVICE}.{place['region']}.amazonaws.com"
    made = Gate(provider=PROVIDER, hosts=frozenset({host}), reads=frozenset({_READ}), writes=frozenset({_WRITE}))
    return made, f"https://{host}"


def look(http: Reader, settings: Settings, place: Mapping[str, str], fields: Mapping[str, str]) -> Held:
    """The version that is current, with the values of the fields."""
    version, text = _current(http, settings, place)
    if WHOLE in fields.values():
        return Held(versions=(version,), values={WHOLE: Secret(text.encode())})
    body = _object(text)
    return Held(
        versions=(version,), values={name: Secret(str(body.get(name, "")).encode()) for name in fields.values()}
    )


def put(
    http: Writer, settings: Settings, place: Mapping[str, str], values: Mapping[str, Secret], before: Held
) -> Exchange:
    """A new version of the secret, with the other fields as they are."""
    version, text = _current(http, settings, place)
    if (version,) != before.versions:
        raise Unclear(f"{place['secret']} was changed by somebody else meanwhile", advice="see by whom, and plan again")
    told = {name: value.reveal().decode() for name, value in values.items()}
    whole = told[WHOLE] if WHOLE in told else json.dumps(_object(text) | told)
    boto.call(http, _client(http, settings, place), "PutSecretValue", SecretId=place["secret"], SecretString=whole)
    return last(http)


def _client(http: Reader, settings: Settings, place: Mapping[str, str]) -> Any:
    if settings.write is None:
        raise NotIdentified("no write credential is configured", advice="set write under [providers.aws]")
    signer: AwsCredentials = settings.write
    return boto.client(http, _SERVICE, signer, place["region"])


def _current(http: Reader, settings: Settings, place: Mapping[str, str]) -> tuple[str, str]:
    """The current version's id and text, of the configured account's secret of exactly this name."""
    name = place["secret"]
    status, code, answer = boto.call(http, _client(http, settings, place), "GetSecretValue", SecretId=name)
    if code == "ResourceNotFoundException":
        raise NotIdentified(
            f"Secrets Manager has no secret {name} in {place['region']}, or it has no value",
            advice="make it there first, with any value: offkey makes no secrets, it fills them",
        )
    if status != 200:
        raise Unclear(f"secretsmanager:GetSecretValue {trouble(status, code)}", advice="allow it on this secret")
    account = str(answer.get("ARN", "")).split(":")[4:5]
    if answer.get("Name") != name or account != [settings.account]:
        raise NotIdentified(f"what answers to {name} is not the configured account's secret of that name")
    if not isinstance(answer.get("SecretString"), str):
        raise NotIdentified(f"{name} holds bytes, not text", advice="name a secret that holds text")
    return str(answer["VersionId"]), str(answer["SecretString"])


def _object(text: str) -> dict[str, Any]:
    try:
        body = json.loads(text)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise NotIdentified(
            "the secret holds no JSON object to put fields into", advice='store {} there first, or use the field ""'
        )
    return body
