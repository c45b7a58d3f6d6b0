"""One deed at a provider, sent once, and what is told of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from offboarding.applying.deadline import NotBegun
from offboarding.applying.executors import Executor
from offboarding.applying.outcomes import Act, act_of
from offboarding.configuration.instances import family
from offkey.errors import OffkeyError
from offkey.http import Expired
from offkey.model import Check, Credential, Outcome, Step
from revokers.protocol import NotAutomatic, NotIdentified


@dataclass(frozen=True)
class Told:
    outcome: Outcome
    note: str = ""
    advice: str = ""
    before: Check | None = None
    after: Check | None = None


def act_once(executor: Executor, step: Step, credential: Credential | None) -> tuple[Act, str] | Told:
    """Send it, once. A Told means that nothing was sent. Raises Expired: nothing was sent, and nothing more may be."""
    try:
        exchanges = executor.act(step, credential)
    except Expired:
        raise
    except NotIdentified as error:
        return Told(Outcome.NOT_IDENTIFIED, str(error), error.advice)
    except NotBegun as error:
        return Told(Outcome.FAILED, str(error), error.advice)
    except NotAutomatic as error:
        return Told(Outcome.HANDED_OVER, str(error), error.advice)
    except Exception as error:  # noqa: BLE001 - it may have happened all the same: the re-check decides
        return Act.UNANSWERED, said(error)
    if not exchanges:
        return Act.ACCEPTED, "it was there already"
    act = act_of(exchanges[-1])
    refused = f"answered {exchanges[-1].status} {exchanges[-1].summary}".strip()
    return act, "" if act is Act.ACCEPTED else refused


def said(error: Exception) -> str:
    """What may be shown and recorded of an error."""
    # Our own errors are written to be shown; a stranger's text could hold anything.
    return str(error) if isinstance(error, OffkeyError) else f"failed with {type(error).__name__}"


def assignee(by_provider: Mapping[str, str], step: Step, otherwise: str) -> str:
    """Who is to do what is handed over: as configured for the instance, else for the provider, else `otherwise`."""
    provider = step.point.provider
    return by_provider.get(provider) or by_provider.get(family(provider)) or otherwise
