"""The certificate authority: its key, its profile, its signatures."""
