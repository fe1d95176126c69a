"""The engine: kernel, market domain, providers, stores, and the pages that put them together."""
