"""Names of fields that say who somebody is. Only a declaration may let one through."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from ledger.events.model import ExactJson

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


def first_personal_field(value: ExactJson, declared: frozenset[str] = frozenset()) -> str | None:
    """A JSON pointer (RFC 6901) to the first personal field below ``value``, or ``None``.

    Names are compared without case, ``-``, ``_`` and spaces. ``declared`` names are allowed at the
    top. How deep ``value`` may be nested is bounded by whoever parsed it.
    """
    for name, inner in _children(value):
        place = f"/{name.replace('~', '~0').replace('/', '~1')}"
        if isinstance(value, Mapping) and name not in declared and is_personal(name):
            return place
        found = first_personal_field(inner)
        if found is not None:
            return place + found
    return None


@lru_cache(maxsize=4_096)
def is_personal(name: str) -> bool:
    """Whether a field of this name says who somebody is."""
    return name.lower().replace("_", "").replace("-", "").replace(" ", "") in _NAMES


def _children(value: ExactJson) -> list[tuple[str, ExactJson]]:
    if isinstance(value, Mapping):
        return list(value.items())
    if isinstance(value, list | tuple):
        return [(str(index), inner) for index, inner in enumerate(value)]
    return []
