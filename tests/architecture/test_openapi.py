"""The committed description of the API is the one this code serves."""

from __future__ import annotations

import json

from api.cli.openapi import PATH, description


def test_the_committed_description_is_fresh() -> None:
    is_fresh = json.loads(PATH.read_text(encoding="utf-8")) == json.loads(description())
    assert is_fresh, "run: vklad openapi"


def test_every_operation_is_described_and_named_once() -> None:
    operations = [
        operation
        for item in json.loads(description())["paths"].values()
        for operation in item.values()
    ]
    names = [operation["operationId"] for operation in operations]
    assert len(names) == len(set(names))
    assert all(operation.get("description") for operation in operations)
