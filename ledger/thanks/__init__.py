"""Thanks: points that members give each other out of a monthly allowance, with a reason.

What a gift counts for depends on the giver's other gifts, in which the receiver takes no part. So
it is decided here, when the gift is given, and stated in the fact; scoring knows nothing of it.
"""
