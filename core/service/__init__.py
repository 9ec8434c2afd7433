"""The socket in front of the engine: server, client, and starting the engine."""
