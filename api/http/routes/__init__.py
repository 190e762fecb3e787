"""One module per room, each with a ``router``; all are listed in ``api/http/app.py``."""
