"""Reminders of moments that members chose: notices, each made once."""
