"""A day of candles as a DataFrame, and what is missing: TOKEN=… python examples/pandas_history.py NSE:RELIANCE 5m."""

import asyncio
import os
import sys
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import pandas as pd

from ticktree_client import Client, History

URL = os.environ.get("URL", "http://127.0.0.1:8000")
PRICES = ["open", "high", "low", "close", "volume"]


async def read(symbol: str, timeframe: str, start: datetime) -> History:
    async with Client(URL, token=os.environ.get("TOKEN")) as ticktree:
        return await ticktree.history(symbol, timeframe, start)


def table(history: History) -> pd.DataFrame:
    """One row a candle, by its open in UTC."""
    return pd.DataFrame([asdict(candle) for candle in history.candles]).set_index("time")[[*PRICES, "state"]]


def main(symbol: str, timeframe: str = "5m", days: str = "1") -> None:
    history = asyncio.run(read(symbol, timeframe, datetime.now(UTC) - timedelta(days=float(days))))
    if history.candles:
        print(table(history).tail(20).to_string())
    for gap in history.gaps:
        print(f"missing from {gap.start} to {gap.end}: {gap.reason}")
    print("complete" if history.complete else "not complete")


main(*sys.argv[1:])
