"""What the door for events remembers of its sources: one reading for all who ask at once."""

from __future__ import annotations

import asyncio
import threading

import pytest

from api.webhooks.intake import Memory


class _Registry:
    """Readings wait until they are let go on."""

    def __init__(self) -> None:
        self.readings = 0
        self.begun = threading.Semaphore(0)
        self.open = threading.Event()
        self.broken = False

    def read(self) -> str:
        self.readings += 1
        number = self.readings
        self.begun.release()
        assert self.open.wait(20)
        if self.broken:
            raise LookupError(number)
        return f"reading {number}"


async def _another_begins(registry: _Registry) -> None:
    assert await asyncio.to_thread(registry.begun.acquire, timeout=20)


def test_all_who_ask_at_once_share_one_reading() -> None:
    registry, memory = _Registry(), Memory[str]()

    async def ask() -> list[str]:
        asking = [asyncio.create_task(memory.recall("lms", registry.read)) for _ in range(50)]
        await _another_begins(registry)
        registry.open.set()
        return [*await asyncio.gather(*asking), await memory.recall("lms", registry.read)]

    assert asyncio.run(ask()) == ["reading 1"] * 51


def test_only_the_first_of_all_who_ask_at_once_begins() -> None:
    registry, memory = _Registry(), Memory[str]()

    async def ask() -> list[bool]:
        async def one() -> bool:
            begins = memory.begins_reading("lms")
            await memory.recall("lms", registry.read)
            return begins

        asking = [asyncio.create_task(one()) for _ in range(512)]
        await _another_begins(registry)
        registry.open.set()
        return [*await asyncio.gather(*asking), memory.begins_reading("lms")]

    assert asyncio.run(ask()) == [True, *[False] * 512]


def test_each_reading_of_what_is_not_there_begins_anew() -> None:
    registry, memory = _Registry(), Memory[str]()
    registry.broken = True
    registry.open.set()

    async def ask() -> list[bool]:
        begun = []
        for _ in range(3):
            begun.append(memory.begins_reading("nobody"))
            with pytest.raises(LookupError):
                await memory.recall("nobody", registry.read)
        return begun

    assert asyncio.run(ask()) == [True, True, True]


def test_one_who_goes_away_takes_nobody_along() -> None:
    registry, memory = _Registry(), Memory[str]()

    async def ask() -> str:
        gone = asyncio.create_task(memory.recall("lms", registry.read))
        stays = asyncio.create_task(memory.recall("lms", registry.read))
        await _another_begins(registry)
        gone.cancel()
        registry.open.set()
        with pytest.raises(asyncio.CancelledError):
            await gone
        return await stays

    assert asyncio.run(ask()) == "reading 1"


def test_a_reading_begun_before_forgetting_is_not_kept() -> None:
    registry, memory = _Registry(), Memory[str]()

    async def ask() -> list[str]:
        early = asyncio.create_task(memory.recall("lms", registry.read))
        await _another_begins(registry)
        memory.clear()
        late = asyncio.create_task(memory.recall("lms", registry.read))
        await _another_begins(registry)
        registry.open.set()
        await early
        return [await late, await memory.recall("lms", registry.read)]

    assert asyncio.run(ask()) == ["reading 2"] * 2


def test_a_failed_reading_is_told_to_all_and_not_kept() -> None:
    registry, memory = _Registry(), Memory[str]()
    registry.broken = True
    registry.open.set()

    async def ask() -> str:
        told = await asyncio.gather(
            *(memory.recall("lms", registry.read) for _ in range(2)), return_exceptions=True
        )
        assert [type(one) for one in told] == [LookupError] * 2
        registry.broken = False
        return await memory.recall("lms", registry.read)

    assert asyncio.run(ask()) == "reading 2"
