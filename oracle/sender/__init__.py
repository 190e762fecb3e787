"""The sender: each intent becomes exactly one transaction of one nonce, through any crash.

Knows nothing of what an intent is for. Other rooms call ``service.submit`` in their transaction and
hear of the end by the outbox.
"""
