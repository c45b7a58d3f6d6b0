"""The tables of `offkey.toml`, one class each. `offboarding/configuration/config.py` reads them."""

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, ValidationInfo, model_validator

from offboarding.approval.duties import Duties, Role
from offboarding.configuration import references
from offboarding.configuration.schema import Beside, Table
from offboarding.identity.addresses import normal_email

Hours = Annotated[int, Field(ge=1, le=24 * 90)]


def _place(value: Any, info: ValidationInfo) -> Any:
    """A URL as it is; a local path from the configuration's folder."""
    folder = (info.context or {}).get("folder")
    remote = isinstance(value, str) and ("://" in value or (":" in value.split("/")[0] and value[1:2] != ":"))
    return value if remote or not folder or not isinstance(value, str) else str(folder / Path(value).expanduser())


def _proposed(value: str, info: ValidationInfo) -> str:
    """The folder of `branch:` and `bundle:` from the configuration's."""
    kind, colon, path = value.partition(":")
    folder = (info.context or {}).get("folder")
    local = colon and kind in ("branch", "bundle")
    return f"{kind}:{folder / Path(path).expanduser()}" if local and folder else value


Located = Annotated[str, BeforeValidator(_place)]
"""A URL, or a local path from the configuration's folder."""


def _account(value: str) -> str:
    if not all(value.partition(":")):
        raise ValueError('must be "provider:login" or "provider:id"')
    return value


def _reference(text: str, info: ValidationInfo) -> str:
    return references.checked(text, (info.context or {}).get("folder"))


Reference = Annotated[str, AfterValidator(_reference)]
"""A checked reference, or empty. A relative `file:` path is meant from the configuration's folder."""


class Organisation(Table):
    name: str = ""
    key: Reference = ""
    state: Beside | None = None
    requester: str = ""


class Directory(Table):
    people: Beside | None = None
    allowed_signers: Beside | None = None
    gpg_keyring: Beside | None = None
    push_log: Beside | None = None
    exports: tuple[Beside, ...] = ()
    overrides: Beside | None = None


class Repositories(Table):
    paths: tuple[Located, ...] = ()


class Policy(Table):
    max_steps: Annotated[int, Field(ge=1)] = 100
    plan_valid_hours: Hours = 72
    approval_valid_hours: Hours = 24
    confirm_seconds: Annotated[int, Field(ge=0, le=3600)] = 30
    hand_over_days: Annotated[int, Field(ge=1, le=365)] = 7
    observe_hours: Annotated[int, Field(ge=0, le=24 * 30)] = 0
    """How long a credential stays switched off before it is deleted for good."""
    sla_hours: Hours = 24
    """How long after somebody has left the run may stay open (`offkey leavers due`)."""
    four_eyes: Literal["irreversible", "all", "none"] = "none"
    """Which steps two different approvers must have signed; none: one approver will do for every step."""
    step_seconds: Annotated[int, Field(ge=1, le=3600)] = 120
    """How long one step may take; what has not answered then is left as it is, and the others go on."""
    assignees: dict[str, str] = {}
    """By provider or instance, who is to do what is handed over there; default: who asked for the plan."""
    unlisted_providers: bool = False
    """Whether a provider without a table is asked, too, at its own fixed address, where a value is enough."""

    @model_validator(mode="after")
    def _observed_while_the_plan_holds(self) -> Self:
        if self.observe_hours >= self.plan_valid_hours:
            raise ValueError("observe_hours must be less than plan_valid_hours")
        return self


def _listed(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


class Approvers(Table):
    register_file: Beside | None = Field(default=None, alias="register")
    roles: dict[str, Annotated[tuple[Role, ...], BeforeValidator(_listed)]] = {}
    """By e-mail address. Without any approver here, everybody in the register is one."""

    @model_validator(mode="after")
    def _nobody_carries_out_what_they_approve(self) -> Self:
        both = [email for email, roles in self.roles.items() if {Role.APPROVER, Role.EXECUTOR} <= set(roles)]
        if both:
            raise ValueError(f"{min(both)} is approver and executor: nobody carries out what they approve")
        return self

    def duties(self, four_eyes: str) -> Duties:
        """Who may say yes, and how many must."""
        return Duties(
            four_eyes=four_eyes, roles={normal_email(email): frozenset(roles) for email, roles in self.roles.items()}
        )


class BreakGlass(Table):
    accounts: tuple[Annotated[str, AfterValidator(_account)], ...] = ()


class Canaries(Table):
    fingerprints: tuple[str, ...] = ()


class Remedy(Table):
    author_name: str = "offkey"
    author_email: str = "offkey@localhost"
    branch_prefix: str = "offkey/"
    branches: tuple[str, ...] = ()
    """Patterns of branches, besides the default one, that get a pull request of their own where they hold a value."""
    bundles: Beside | None = None
    """A folder for bundles of repositories that are at no configured GitHub or GitLab."""
    repositories: dict[Located, Annotated[str, AfterValidator(_proposed)]] = {}
    """A path of [repositories] to where changes are proposed: `owner/name` at GitHub, where the origin's address does
    not tell it; the same behind an instance's name (`gitlab/corp:group/name`); `branch:PATH`; `bundle:FOLDER`.
    """


class Provider(Table):
    """Any provider: `url`, `read`, `write`, and whatever else its revoker's Settings have."""

    model_config = ConfigDict(extra="allow")
    url: str = ""
    read: Reference = ""
    write: Reference = ""
