"""What can be wrong with carrying points over the bridge."""

from __future__ import annotations

from ledger.kernel.errors import ErrorKind, VkladError


class BridgeStopped(VkladError):
    """Nothing is carried over now; ``reason`` and the sentence say why."""

    code = "bridge_stopped"
    kind = ErrorKind.UNAVAILABLE


class RecipientRefused(VkladError):
    """Tokens cannot be minted to nobody, to the token or to the bridge."""

    code = "recipient_refused"
    kind = ErrorKind.INVALID


class RequestOutOfBounds(VkladError):
    """Fewer or more points than one request may carry."""

    code = "bridge_request_out_of_bounds"
    kind = ErrorKind.INVALID


class UnknownRequest(VkladError):
    """No bridge request of this id."""

    code = "unknown_bridge_request"
    kind = ErrorKind.NOT_FOUND


class UnknownReference(VkladError):
    """No redemption reference like this was given to this member."""

    code = "unknown_redemption_reference"
    kind = ErrorKind.NOT_FOUND


class ReferenceUsed(VkladError):
    """The reference has served; every redemption needs one of its own."""

    code = "redemption_reference_used"
    kind = ErrorKind.CONFLICT


class RedemptionGap(VkladError):
    """The burns read are not numbered 1, 2, 3, …: an event is missing, so none is trusted."""

    code = "redemption_gap"
    kind = ErrorKind.UNAVAILABLE


class UnknownGap(VkladError):
    """No burn is missing, or nothing of this id waits to be acknowledged."""

    code = "unknown_redemption_gap"
    kind = ErrorKind.NOT_FOUND


class GapNeedsAnotherPerson(VkladError):
    """Who said what is missing cannot confirm it."""

    code = "redemption_gap_needs_another_person"
    kind = ErrorKind.FORBIDDEN


class GapChanged(VkladError):
    """What is missing is not what was proposed; it is proposed and confirmed anew."""

    code = "redemption_gap_changed"
    kind = ErrorKind.CONFLICT


class ForeignBatch(VkladError):
    """The chain has a batch that this database did not make."""

    code = "foreign_batch"
    kind = ErrorKind.UNAVAILABLE


class UnknownReset(VkladError):
    """No open reset of this id."""

    code = "unknown_chain_reset"
    kind = ErrorKind.NOT_FOUND


class ResetNotConfirmed(VkladError):
    """Giving a chain up takes two different admins; ``missing`` more have to confirm."""

    code = "chain_reset_not_confirmed"
    kind = ErrorKind.FORBIDDEN


class ResetContentChanged(VkladError):
    """What would be returned is not what was confirmed; it is prepared and confirmed anew."""

    code = "chain_reset_content_changed"
    kind = ErrorKind.CONFLICT


class SignatureOfAnother(VkladError):
    """The signature is not the holder's, or not over what was to be signed."""

    code = "signature_of_another"
    kind = ErrorKind.FORBIDDEN


class TooManyReferences(VkladError):
    """The member has asked for many references and used none of them."""

    code = "too_many_redemption_references"
    kind = ErrorKind.RATE_LIMITED


class TooManyRelays(VkladError):
    """As many redemptions were sent for this member within a day as we pay gas for."""

    code = "too_many_relayed_redemptions"
    kind = ErrorKind.RATE_LIMITED
