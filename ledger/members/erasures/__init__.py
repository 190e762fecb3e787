"""Who was forgotten, by random ids only: so that a restored backup can be made to forget again."""
