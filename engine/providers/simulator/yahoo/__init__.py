"""Yahoo Finance as the simulated exchange plays it: its streamer, its charts, its quotes and its search."""
