"""Tables that users write by hand: unknown keys are refused, and an error names file, table, key and what is allowed.

An error never repeats the offending value: somebody may have pasted a credential there.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, ValidationInfo
from pydantic_core import ErrorDetails

from offkey.errors import UsageError

T = TypeVar("T", bound=BaseModel)


class SettingsError(UsageError):
    """A file that the user wrote says something that cannot be."""


class Table(BaseModel):
    """The base of all tables."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


def _beside(value: Any, info: ValidationInfo) -> Any:
    """A relative path is meant from the folder of the file that names it."""
    folder = (info.context or {}).get("folder")
    return folder / Path(value).expanduser() if isinstance(value, str) and folder else value


Beside = Annotated[Path, BeforeValidator(_beside)]


def validated(model: type[T], data: Any, file: Path, lines: Sequence[int] = ()) -> T:
    """The model in `data`, which was read from `file`. Raises SettingsError naming everything that is wrong.

    `lines` are the file's lines of a list's items, where it is known (0: not).
    """
    try:
        return model.model_validate(data, context={"folder": file.absolute().parent})
    except ValidationError as error:
        wrong = [
            f"{_line(detail, lines)}{_explain(model, detail)}"
            for detail in error.errors(include_url=False, include_input=False)
        ]
        raise SettingsError(f"{file}: " + "; ".join(wrong), advice="mend the file and try again") from None


def _line(detail: ErrorDetails, lines: Sequence[int]) -> str:
    at = next((part for part in detail["loc"] if isinstance(part, int)), None)
    return f"line {lines[at]}: " if at is not None and at < len(lines) and lines[at] else ""


def _explain(model: type[BaseModel], detail: ErrorDetails) -> str:
    location = detail["loc"]
    *tables, key = location or ("",)
    if tables[:1] == ["providers"] and len(tables) > 1:
        tables = ["providers", str(tables[1]).replace("/", ".instances."), *tables[2:]]
    where = f"[{'.'.join(map(str, tables))}] {key}" if tables else str(key)
    if detail["type"] == "extra_forbidden":
        allowed = ", ".join(_allowed(model, tables))
        return f"{where}: unknown {'key' if tables else 'table or key'}; allowed here: {allowed}"
    if detail["type"] == "missing":
        return f"{where}: is missing"
    message = detail["msg"].removeprefix("Value error, ")
    return f"{where}: {message[:1].lower()}{message[1:]}"


def _allowed(model: type[BaseModel], tables: list[int | str]) -> list[str]:
    """The keys of the table that the location leads to."""
    for name in tables:
        field = model.model_fields.get(str(name))
        inner = _model_in(field.annotation) if field else None
        model = inner or model
    return sorted(field.alias or name for name, field in model.model_fields.items())


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)
