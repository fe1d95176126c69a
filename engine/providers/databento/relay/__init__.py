"""The relay: Databento's futures as JSON over a WebSocket, for those without an account there."""
