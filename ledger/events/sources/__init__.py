"""Who may state events, what each may assert, and the secrets that prove it is they."""
