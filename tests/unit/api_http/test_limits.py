"""Token buckets: bounded, refilled evenly, told in headers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.http.limits import Rate, RateLimiter, TooManyRequests

RATE = Rate("test", 10, 60)
SECOND = 10**9


def test_a_bucket_empties_and_fills_evenly() -> None:
    limiter = RateLimiter()
    assert [limiter.take("a", RATE, 0).remaining for _ in range(10)] == list(range(9, -1, -1))
    with pytest.raises(TooManyRequests) as refused:
        limiter.take("a", RATE, 0)
    assert refused.value.operands["retry_after_s"] == 6
    with pytest.raises(TooManyRequests):
        limiter.take("a", RATE, 6 * SECOND - 1)
    assert limiter.take("a", RATE, 6 * SECOND).remaining == 0
    assert limiter.take("b", RATE, 6 * SECOND).remaining == 9


@given(st.lists(st.integers(0, 30 * SECOND), max_size=80))
def test_no_pattern_of_asking_gets_more_than_quota_and_refill(pauses: list[int]) -> None:
    limiter, now, taken = RateLimiter(), 0, 0
    for pause in pauses:
        now += pause
        try:
            limiter.take("a", RATE, now)
        except TooManyRequests:
            continue
        taken += 1
    assert taken <= RATE.quota + now * RATE.quota // (RATE.window_s * SECOND)


def test_the_headers_say_policy_and_rest() -> None:
    taken = RateLimiter().take("a", RATE, 0)
    assert taken.headers() == {
        "RateLimit-Policy": '"test";q=10;w=60',
        "RateLimit": '"test";r=9;t=6',
    }
