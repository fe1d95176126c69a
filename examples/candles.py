"""Candles as they close and are revised, over every interruption: TOKEN=… python examples/candles.py NSE:RELIANCE 1m."""

import asyncio
import os
import sys

from ticktree_client import Candle, Client


async def main(symbol: str, timeframe: str = "1m") -> None:
    async with Client(os.environ.get("URL", "http://127.0.0.1:8000"), token=os.environ.get("TOKEN")) as ticktree:
        async for event in ticktree.candles(symbol, timeframe):
            if isinstance(event, Candle):
                print(f"{event.time:%H:%M} {event.state} {event.close} of {event.volume}", flush=True)
            else:
                print(f"a hole after {event.after}: {event.why}", flush=True)  # ticktree.history(…) has what it lacks


asyncio.run(main(*sys.argv[1:]))
