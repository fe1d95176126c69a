"""WebSockets: the handshake, the session actor behind each, and the line its frames go out on."""
