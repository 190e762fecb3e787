"""Delivery and composition root: HTTP, pages, webhooks, Celery tasks, the ``vklad`` command."""
