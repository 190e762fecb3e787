"""Names of fields that say who somebody is. Only a declaration may let one through."""

from __future__ import annotations

from collections.abc import Container
from functools import lru_cache
from typing import Final

from ledger.events.errors import EventInvalid
from ledger.events.model import ExactJson

DEPTH_MAX: Final = 64
_REMEMBERED_NAMES: Final = 4_096

_WORDS: Final = (
    "email mail emailaddress mbox mboxsha1sum secondaryemails",
    "phone phonenumber telephone mobile mobilephone tel whatsapp",
    "telegram telegramid telegramusername telegramname tgid chatid",
    "firstname lastname fullname realname surname patronymic middlename displayname",
    "birthdate birthday dateofbirth dob gender",
    "address postaladdress streetaddress zipcode postcode",
    "passport passportnumber inn snils ssn taxid",
    "ip ipaddress clientip registrationipaddress useragent deviceid",
    "password passwordhash accesstoken refreshtoken authtoken",
    "cardnumber iban bankaccount",
)
_NAMES: Final = frozenset(name for line in _WORDS for name in line.split())


def first_personal_field(value: ExactJson, declared: Container[str] = ()) -> str | None:
    """A JSON pointer (RFC 6901) to the first personal field below ``value``, or ``None``.

    Names are compared without case, ``-``, ``_`` and spaces. ``declared`` names are allowed at the
    top.

    Raises:
        EventInvalid: nested deeper than ``DEPTH_MAX``, which nobody looks through.
    """
    return _search(value, declared, 0)


@lru_cache(maxsize=_REMEMBERED_NAMES)
def is_personal(name: str) -> bool:
    """Whether a field of this name says who somebody is."""
    return name.lower().replace("_", "").replace("-", "").replace(" ", "") in _NAMES


def _search(value: ExactJson, declared: Container[str], depth: int) -> str | None:
    if depth > DEPTH_MAX:
        raise EventInvalid(f"Data is nested {DEPTH_MAX} deep at most.", field="data")
    if isinstance(value, dict):
        for name, inner in value.items():
            if is_personal(name) and name not in declared:
                return _step(name)
            if isinstance(inner, dict | list):
                found = _search(inner, (), depth + 1)
                if found is not None:
                    return _step(name) + found
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            found = _search(inner, (), depth + 1)
            if found is not None:
                return f"/{index}{found}"
    return None


def _step(name: str) -> str:
    return f"/{name.replace('~', '~0').replace('/', '~1')}"
