"""littlechat: a small, fast, self-hosted team chat, rendered on the server."""
