"""The web process: REST, sockets and the operator's door, from what the engine leaves in the stores."""
