"""Reading JSON: what a file must hold is a frozen model with bounds.

A file may come from a stranger, or be damaged. So nothing in it is used before it is validated.
"""

import json
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from kaogan.limits import DEEPEST_JSON, LARGEST_JSON, LARGEST_TABLE

Model = TypeVar("Model", bound=BaseModel)

Count = Annotated[int, Field(ge=0, le=2**53, strict=True)]
Number = Annotated[float, Field(allow_inf_nan=False, strict=True)]
Text = Annotated[str, StringConstraints(max_length=10_000, pattern=r"^[^\x00]*$")]


class Record(BaseModel):
    """A JSON object. Fields that this version does not know are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class Versioned(Record):
    """The beginning of a file that a newer kaogan may have written; other fields stay as read."""

    model_config = ConfigDict(extra="allow")

    format: Count
    kaogan: Text = "?"


def read_json(file: Path, kind: type[Model]) -> Model:
    """The content of a JSON file. It is the only way in which kaogan reads one.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no JSON, no such object, too large, or nested too deeply.

    """
    with file.open("rb") as stream:
        return parse_json(stream.read(LARGEST_JSON + 1), kind)


def parse_json(text: str | bytes, kind: type[Model]) -> Model:
    """A JSON text, e.g. from another file's header. Raises a ValueError as `read_json`."""
    if len(text) > LARGEST_JSON:
        raise ValueError(f"more than {LARGEST_JSON >> 20} MB")
    try:
        value = json.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    _check_depth(value)
    return checked(value, kind)


def checked(value: object, kind: type[Model]) -> Model:
    """A part of what was read, as a model. Raises a ValueError with the first fault in a line."""
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise ValueError(f"{where}: {first['msg']}" if where else first["msg"]) from None


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(DEEPEST_JSON):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return
    raise ValueError("nested too deeply")


def read_lines(file: Path) -> list[str]:
    """The lines of a file of rows in a RUN; of a very long one, those within `LARGEST_TABLE`.

    Bytes that are no UTF-8 are replaced: they are in lines that a kill or a full disk cut.
    """
    with file.open("rb") as stream:
        return stream.read(LARGEST_TABLE).decode("utf-8", errors="replace").splitlines()
