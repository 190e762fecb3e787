"""Two members who are one person: joined by two others' decision, and apart again."""
