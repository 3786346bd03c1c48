"""A client for the HTTP API of Zypi, which runs commands in Firecracker microVMs."""
