"""Proposals: drafted and signed by a member, brought on chain by the relayer, mirrored here."""
