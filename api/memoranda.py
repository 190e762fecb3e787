"""The memorandum composed for routes, pages and the command line: files, networks, what signs.

What the keeper states (the register's head) is signed with the log's key, under a tag of its own.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from api.composition import Composition
from api.governing import Governing
from api.i18n.catalogue import Catalogue, Language
from api.log_keys import open_log_signer
from governance.memorandum import documents, register_store, signing, store, voices_store
from governance.memorandum.errors import BadMemorandumSignature, NothingPublished, NotSigned
from governance.memorandum.model import Version
from governance.memorandum.register import Act, Statement, Tally
from governance.memorandum.saying import Comment
from governance.memorandum.signing import ByWallet, MyPart
from governance.proposals.reading import head_of
from ledger.kernel.canonical import Json, digest
from ledger.kernel.clock import Instant
from ledger.kernel.ids import format_id
from ledger.kernel.keyed import KeyedHashes, network_of
from ledger.kernel.transaction import Work
from oracle.chain.erc1271 import is_valid_contract_signature
from oracle.chain.typed_data import Domain, TypedData
from oracle.contracts.abi import Address

SEAL_TAG: Final = b"vklad.memorandum.sign.1"
ENTRIES_AT_ONCE: Final = 1_000


def seal(composition: Composition, document: Json) -> dict[str, Json]:
    """The keeper's signature over a statement."""
    signer = open_log_signer(composition.state)
    signature = signer.sign(SEAL_TAG + digest(document))
    return {"key": signer.key.hex(), "signature": signature.hex()}


def network_digest(secret: bytes, host: str | None) -> bytes | None:
    """The keyed hash of where an outsider speaks from; compared with no other room's."""
    network = network_of(host)
    key = hmac.digest(secret, b"vklad.memorandum", hashlib.sha256)
    return None if network is None else KeyedHashes(key).digest("network", network)


def consent_text(catalogue: Catalogue, language: Language) -> str:
    """What whoever registers interest agrees to."""
    return catalogue.text(language, "memorandum.interest.consent")


def consent_digest(catalogue: Catalogue, language: Language) -> bytes:
    """What names that text in what is signed."""
    return hashlib.sha256(consent_text(catalogue, language).encode()).digest()


def tally_of(work: Work, version: Version) -> Tally:
    """How many stand by a version now."""
    counted = register_store.tallies(work, version.version_id)
    return _tally(counted.get(version.content, {}))


def tallies_of(work: Work, versions: Sequence[Version]) -> dict[UUID, Tally]:
    """How many stand by each of several versions now, by their ids."""
    counted = register_store.tallies(work)
    return {each.version_id: _tally(counted.get(each.content, {})) for each in versions}


def _tally(found: Mapping[tuple[str, str], int]) -> Tally:
    standing = {language: found.get((Act.SIGN, language), 0) for language in ("en", "ru")}
    withdrawn = sum(many for (act, _), many in found.items() if act == Act.WITHDRAW)
    return Tally(sum(standing.values()), standing["en"], standing["ru"], withdrawn)


def summary_json(version: Version, tally: Tally) -> dict[str, Json]:
    """A version with who stands by it, for everybody."""
    return {**documents.version_json(version), "signatures": documents.tally_json(tally)}


def head_file(composition: Composition, work: Work) -> dict[str, Json]:
    """The register's head now, signed: a file to keep.

    Raises:
        NothingPublished: there is no register yet.
    """
    register, found = register_store.register(work), register_store.head(work)
    if register is None or found is None:
        raise NothingPublished("No version of the memorandum was published yet.")
    head = documents.head_json(register, *found, work.now)
    return {"kind": "memorandum-head", "head": head, "seal": seal(composition, head)}


def export_file(composition: Composition, work: Work) -> dict[str, Json]:
    """Everything that counting the signatures again takes, signed.

    Raises:
        NothingPublished: there is nothing to count.
    """
    told = head_file(composition, work)
    head = told["head"]
    assert isinstance(head, dict), "made above"
    return documents.export_json(
        store.published(work), register_store.entries(work), head, told["seal"]
    )


def receipt_file(composition: Composition, work: Work, member_id: UUID) -> dict[str, Json]:
    """A member's own entries, signed, with what shows whose they are.

    Raises:
        NotSigned, NothingPublished: the member has none.
    """
    part = signing.my_part(work, member_id)
    if part is None or not part.entries:
        raise NotSigned("You have no entry in the register.")
    told = head_file(composition, work)
    head = told["head"]
    assert isinstance(head, dict), "made above"
    return documents.receipt_json(part.signer, part.entries, head, told["seal"])


def part_json(version: Version, part: MyPart) -> dict[str, Json]:
    """What a member signs next, and what they have signed."""
    return {
        "member": part.signer.pseudonym.hex(),
        "register": part.register.hex(),
        "next_turn": part.next_turn,
        "content": version.content.hex(),
        "number": version.text.number,
        "stands": part.stands_by(version.content),
        "entries": [documents.entry_json(each) for each in part.entries],
    }


def memorandum_domain(governing: Governing) -> Domain:
    """What wallets bind an entry to: this community's governor, which never sees it."""
    contracts = governing.contracts
    return Domain(signing.DOMAIN_NAME, contracts.chain_id, contracts.governor)


def wallet_message(governing: Governing, version: Version, statement: Statement) -> TypedData:
    """What a member's wallet signs."""
    return signing.wallet_message(version, memorandum_domain(governing), statement)


def signed_by_wallet(
    governing: Governing, message: TypedData, wallet: Address, signature: bytes
) -> ByWallet:
    """A wallet's signature; a contract wallet is asked (ERC-1271).

    Raises:
        BadMemorandumSignature: the contract does not stand by it.
    """
    chain, domain = governing.chain, message.domain
    at = head_of(chain).number
    if not chain.code(wallet, at):
        return ByWallet(wallet, domain, signature)
    if not is_valid_contract_signature(chain, wallet, message.digest(), signature, at):
        raise BadMemorandumSignature("Your wallet does not stand by this signature.")
    return ByWallet(wallet, domain, signature, at)


def comment_json(comment: Comment) -> dict[str, Json]:
    """A comment for everybody; of one that is hidden the reason alone."""
    is_shown = comment.is_shown
    return {
        "section": comment.section_id,
        "by": "outsider" if comment.member_id is None else "member",
        "name": comment.name if is_shown else None,
        "language": comment.language,
        "said": comment.said if is_shown else None,
        "written_at": moment_text(comment.written_at),
        "hidden_at": None if comment.hidden_at is None else moment_text(comment.hidden_at),
        "hidden_reason": comment.hidden_reason,
    }


def answers_json(work: Work, version: Version) -> dict[str, Json]:
    """What outsiders answered, and how many browsers did; nobody knows how many persons."""
    browsers, chosen = voices_store.count_answers(work, version.version_id)
    return {
        "by": "outsiders",
        "browsers": browsers,
        "questions": [
            {
                "id": question.question_id,
                "chosen": [
                    chosen.get((question.question_id, number), 0)
                    for number in range(len(question.options))
                ],
            }
            for question in version.questions
        ],
    }


def comment_id(comment: Comment) -> str:
    """As a comment is named over HTTP."""
    return format_id("mmc", comment.comment_id)


def moment_text(moment: datetime) -> str:
    """A moment as it is written over HTTP."""
    return Instant.of(moment).isoformat()
