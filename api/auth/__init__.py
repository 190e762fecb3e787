"""Who is asking: sessions, API keys, tokens, OpenID Connect, wallets, roles."""
