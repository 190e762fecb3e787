"""Faults in the memorandum, and in the program by which strangers check its register."""

from __future__ import annotations

from typing import Final

from fault import Fault

_ROOM: Final = (
    "tests/integration/memorandum/test_memorandum.py",
    "tests/integration/memorandum/test_voices.py",
)
_RECOUNT: Final = ("tests/integration/memorandum/test_recount.py",)
_SIGNING: Final = "governance/memorandum/signing.py"
_SERVICE: Final = "governance/memorandum/service.py"
_VOICES: Final = "governance/memorandum/voices.py"
_PROGRAM: Final = "governance/recount/memorandum.py"

MEMORANDUM: Final[tuple[Fault, ...]] = (
    Fault(
        "memorandum: a signature from before the withdrawal is told again",
        _SIGNING,
        "    if say.turn != part.next_turn:",
        "    if say.turn > part.next_turn:",
        _ROOM,
    ),
    Fault(
        "memorandum: any version is signed, in force or not",
        _SIGNING,
        "if last is None or last.version_id != version.version_id:",
        "if last is None:",
        _ROOM,
    ),
    Fault(
        "memorandum: any signature of a browser does",
        _SIGNING,
        "if not device_keys.is_signed(key, device_message(statement), signed.signature):",
        "if not signed.signature:",
        _ROOM,
    ),
    Fault(
        "memorandum: one browser's key signs for two members",
        _SIGNING,
        "if register_store.key_of_another(work, key, statement.member):",
        "if register_store.key_of_another(work, key, b''):",
        _ROOM,
    ),
    Fault(
        "memorandum: a statement of any time is taken",
        _SIGNING,
        "if abs(work.now - signed_at) > APART_MAX:",
        "if signed_at - work.now > APART_MAX * 1_000:",
        _ROOM,
    ),
    Fault(
        "memorandum: who proposes a version publishes it",
        _SERVICE,
        "if version.open_from is None or members_store.count_admins(work) > 1:",
        "if version.open_from is None and members_store.count_admins(work) < 2:",
        _ROOM,
    ),
    Fault(
        "memorandum: another text is published than was read",
        _SERVICE,
        "    if command.approval_digest != version.approval_digest:",
        "    if command.approval_digest == b'':",
        _ROOM,
    ),
    Fault(
        "memorandum: two versions follow the same one",
        _SERVICE,
        "if version.text.previous != (None if last is None else last.content):",
        "if last is not None and version.text.number > last.text.number + 1:",
        _ROOM,
    ),
    Fault(
        "memorandum: an outsider's word need not be signed",
        "governance/memorandum/saying.py",
        "    if not device_keys.is_signed(outsider.public_key, message, outsider.signature):",
        "    if not outsider.signature:",
        _ROOM,
    ),
    Fault(
        "memorandum: comments are stuffed from one network",
        _VOICES,
        "    if outsider.network is not None:",
        "    if outsider.network == b'':",
        _ROOM,
    ),
    Fault(
        "memorandum: anybody takes back anybody's comment",
        _VOICES,
        "    if found is None or not mine:",
        "    if found is None:",
        _ROOM,
    ),
    Fault(
        "memorandum: an erasure leaves who signed",
        "governance/memorandum/register_store.py",
        "    for table in (memorandum_signers, memorandum_comments):",
        "    for table in (memorandum_comments,):",
        _ROOM,
    ),
    Fault(
        "memorandum: the register forgets what was before",
        "governance/memorandum/register.py",
        'return hashlib.sha256(b"\\x02" + head + digest(content)).digest()',
        'return hashlib.sha256(b"\\x02" + digest(content)).digest()',
        _RECOUNT,
    ),
    Fault(
        "memorandum: the recount believes a browser's name",
        _PROGRAM,
        'require(signed, f"{name} is not signed by the browser\'s key that it names")',
        'require(bool(signature), f"{name} is not signed by the browser\'s key that it names")',
        _RECOUNT,
    ),
    Fault(
        "memorandum: the recount takes an entry told again",
        _PROGRAM,
        'in_turn = entry["turn"] == len(before) + 1',
        'in_turn = entry["turn"] >= 1',
        _RECOUNT,
    ),
    Fault(
        "memorandum: the recount counts a signature that was withdrawn",
        _PROGRAM,
        'standing = [each["language"] for each in last if each["act"] == "sign"]',
        'standing = [each["language"] for each in last if each["act"]]',
        _RECOUNT,
    ),
    Fault(
        "memorandum: the recount takes a text that was altered",
        _PROGRAM,
        "require(made == content, ",
        "require(bool(made), ",
        _RECOUNT,
    ),
    Fault(
        "memorandum: the recount does not compare a head that was kept",
        _PROGRAM,
        'same = heads[size] == head["head"]',
        "same = bool(heads[size])",
        _RECOUNT,
    ),
    Fault(
        "memorandum: the recount does not look for what was taken out at the end",
        _PROGRAM,
        'require(size == head["size"], ',
        'require(size <= head["size"], ',
        _RECOUNT,
    ),
    Fault(
        "memorandum: the recount takes a key for two members",
        _PROGRAM,
        'alone = keys.setdefault(key, entry["member"]) == entry["member"]',
        'alone = keys.setdefault(key, entry["member"]) != ""',
        _RECOUNT,
    ),
    Fault(
        "memorandum: the recount does not compare a receipt",
        _PROGRAM,
        'found = heads == [each["head"] for each in kept]',
        "found = len(heads) == len(kept)",
        _RECOUNT,
    ),
)
