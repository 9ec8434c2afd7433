"""TLS to a device: look at its leaf, and an HTTP transport that is bound to one leaf."""
