"""Lists as files: a header and as many lines as a test needs."""

from pathlib import Path

HEADER = (
    "SEM_EXM_EXCH_ID,SEM_SEGMENT,SEM_SMST_SECURITY_ID,SEM_INSTRUMENT_NAME,SEM_EXPIRY_CODE,SEM_TRADING_SYMBOL,"
    "SEM_LOT_UNITS,SEM_CUSTOM_SYMBOL,SEM_EXPIRY_DATE,SEM_STRIKE_PRICE,SEM_OPTION_TYPE,SEM_TICK_SIZE,SEM_EXPIRY_FLAG,"
    "SEM_EXCH_INSTRUMENT_TYPE,SEM_SERIES,SM_SYMBOL_NAME"
)


def share(number: int, symbol: str = "", exchange: str = "NSE", title: str = "A share") -> str:
    return f"{exchange},E,{number},EQUITY,0,{symbol or f'S{number}'},1,{title},,,,10,NA,ES,EQ,A SHARE LTD"


def future(number: int, expiry: str, underlying: str = "NIFTY") -> str:
    name = f"{underlying}-Any-FUT"
    return f"NSE,D,{number},FUTIDX,0,{name},65.0,A FUTURE,{expiry} 14:30:00,-0.01000,XX,10.0000,M,FUT,,"


def written(path: Path, *lines: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join((HEADER, *lines)) + "\n")
    return path
