"""The peer django-hordak, in an environment of its own: rounds asked for on standard input.

    python hordak_peer.py DATABASE_URL

Bulk is hordak's own fast path (its command ``create_benchmark_transactions``): ``bulk_create`` of
transactions and legs inside one ``atomic``. Single is its documented ``Account.transfer_to``, each
durable before the next, from as many clients as asked for, each a process with its connection.
"""

# ruff: noqa: PLC0415 - the models of Django exist only once it is set up
from __future__ import annotations

import json
import multiprocessing
import sys
import time
from importlib.metadata import version
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

ACCOUNTS = 1_000


def configure(url: str) -> None:
    """Django with hordak and nothing else."""
    import django
    from django.conf import settings

    parts = urlsplit(url)
    place = {name: values[0] for name, values in parse_qs(parts.query).items()}
    settings.configure(
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "mptt", "hordak"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": parts.path.lstrip("/"),
                "USER": unquote(parts.username or ""),
                "PASSWORD": unquote(parts.password or ""),
                "HOST": place.get("host", parts.hostname or ""),
                "CONN_MAX_AGE": None,
            }
        },
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        HORDAK_DECIMAL_PLACES=2,
        HORDAK_MAX_DIGITS=13,
        DEFAULT_CURRENCY="EUR",
        CURRENCIES=["EUR"],
        USE_TZ=True,
        DEBUG=False,
    )
    django.setup()


def create() -> None:
    """Tables, the hot account and members' accounts."""
    from django.core.management import call_command
    from hordak.models import Account, AccountType

    call_command("migrate", verbosity=0)
    Account.objects.create(name="issuance", type=AccountType.liability, code="1")
    parent = Account.objects.create(name="members", type=AccountType.liability, code="2")
    made = [
        Account(name=str(number), parent=parent, lft=0, rght=0, tree_id=0, level=0)
        for number in range(ACCOUNTS)
    ]
    Account.objects.bulk_create(made)
    Account.objects.rebuild()


def bulk(batches: int, size: int) -> float:
    """Seconds for so many batches of transactions."""
    from django.db import transaction as db_transaction
    from hordak.models import Account, Leg, Transaction
    from moneyed import Money

    issuance = Account.objects.get(name="issuance")
    members = list(Account.objects.filter(parent__name="members"))
    began = time.perf_counter()
    for _ in range(batches):
        transactions, legs = [], []
        for number in range(size):
            amount = Money(1 + number % 50, "EUR")
            made = Transaction()
            transactions.append(made)
            member = members[number % ACCOUNTS]
            legs.append(Leg(transaction=made, account=issuance, debit=amount))
            legs.append(Leg(transaction=made, account=member, credit=amount))
        with db_transaction.atomic():
            Transaction.objects.bulk_create(transactions)
            Leg.objects.bulk_create(legs)
    return time.perf_counter() - began


def client(url: str, number: int, seconds: float, counts: Any, gate: Any) -> None:
    """One client: transfers one by one until the time is over."""
    configure(url)
    from hordak.models import Account
    from moneyed import Money

    issuance = Account.objects.get(name="issuance")
    member = Account.objects.filter(parent__name="members")[number]
    gate.wait(60)
    until = time.perf_counter() + seconds
    done = 0
    while time.perf_counter() < until:
        member.transfer_to(issuance, Money(1, "EUR"))
        done += 1
    counts[number] = done


def single(url: str, clients: int, seconds: float) -> int:
    """Transfers that so many clients made in so many seconds."""
    context = multiprocessing.get_context("spawn")
    counts, gate = context.Array("q", clients), context.Barrier(clients)
    made = [
        context.Process(target=client, args=(url, number, seconds, counts, gate))
        for number in range(clients)
    ]
    for process in made:
        process.start()
    for process in made:
        process.join(seconds + 90)
    return sum(counts)


def sums() -> tuple[int, int]:
    """Transactions, and points that left the hot account."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM hordak_transaction")
        (rows,) = cursor.fetchone()
        cursor.execute("SELECT coalesce(sum(debit), 0) FROM hordak_leg")
        (points,) = cursor.fetchone()
    return int(rows), int(points)


def main() -> None:
    """Rounds, a JSON object a line."""
    url = sys.argv[1]
    configure(url)
    create()
    packages = ("django-hordak", "Django", "psycopg")
    print(json.dumps({name: version(name) for name in packages}), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        if asked["kind"] == "bulk":
            answer: Any = bulk(asked["batches"], asked["size"])
        elif asked["kind"] == "single":
            answer = single(url, asked["clients"], asked["seconds"])
        else:
            answer = sums()
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
