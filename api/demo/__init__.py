"""The demo community: who is in it, and the issuer they sign in with. Never on a public address."""
