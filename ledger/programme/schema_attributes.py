"""The shape of what can be stated of a member."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from ledger.programme.fields import Section, TextFile, Value

_TITLE_EXAMPLE: Final = {"en": "Read a section", "ru": "Прочитать раздел"}


class AttributeFile(Section):
    """What `member.<name>.changed` can state of a member."""

    field: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")] = Field(
        description="The field of the event's `data` that holds the new value.", examples=["level"]
    )
    values: Annotated[list[Value], Field(min_length=1, max_length=200)] = Field(
        description="Every value there is: whole numbers or texts. A fact that states another one "
        "is kept, shown and ignored.",
        examples=[[1, 2, 3]],
    )
    default: Value = Field(
        description="The value in force until the first fact states one.", examples=[1]
    )
    title: TextFile | None = Field(
        default=None, description="What people call the attribute.", examples=[_TITLE_EXAMPLE]
    )
    names: dict[Value, TextFile] = Field(
        default_factory=dict,
        description="What people call its values.",
        examples=[{"1": {"en": "pupil", "ru": "ученик"}}],
    )
