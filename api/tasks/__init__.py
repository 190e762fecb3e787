"""Work behind the answers: Celery tasks, woken by the outbox and by the clock."""
