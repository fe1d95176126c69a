"""Yahoo Finance: its streamer, its history and its spelling of symbols. An unofficial service that promises nothing."""
