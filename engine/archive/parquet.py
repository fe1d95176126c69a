"""Parquet files: a table's rows from CSV, joined with those that were archived before, and back to CSV."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from engine.archive.manifest import ArchivedFile, checksum, keep_for_good
from engine.storage.durable.archive_tables import NULL, ArchivedTable

if TYPE_CHECKING:
    import polars as pl

_KINDS: Final = {
    "text": "String",
    "bigint": "Int64",
    "int": "Int32",
    "float8": "Float64",
    "date": "Date",
}
"""PostgreSQL's types as polars calls them."""


def packed(
    table: ArchivedTable, rows: Path, place: Path, known: ArchivedFile | None, *, name: str = ""
) -> ArchivedFile:
    """The file of a table's rows and of those in ``known``; of two with the same key the higher revision, else the new one."""
    import polars as pl  # noqa: PLC0415 - 0.2 s and 60 MB that web processes never need

    partial_file = place / f"{table.name}.part"
    found = pl.scan_csv(rows, schema=_schema(table), null_values=NULL, empty_string_is_null=False)
    if known is not None:
        keys = ["instrument", *table.key[1:]]
        both = pl.concat([_archived(table, place / known.file), found])
        by_rank = both.sort("rev", maintain_order=True) if table.revised else both
        found = by_rank.unique(keys, keep="last", maintain_order=True).sort(keys)
    found.sink_parquet(partial_file, compression="zstd")
    keep_for_good(partial_file)
    digest = checksum(partial_file)
    file = f"{name or table.name}-{digest[:12]}.parquet"
    partial_file.replace(place / file)
    return ArchivedFile(table.name, file, pl.scan_parquet(place / file).select(pl.len()).collect().item(), digest)


def unpacked(table: ArchivedTable, file: Path, rows: Path) -> None:
    """Writes the rows of a file as CSV."""
    _archived(table, file).sink_csv(rows, null_value=NULL)


def _archived(table: ArchivedTable, file: Path) -> "pl.LazyFrame":
    """A file's rows; a column that the table did not have yet when they were archived is null in them."""
    import polars as pl  # noqa: PLC0415 - as above

    found = pl.scan_parquet(file)
    known = found.collect_schema().names()
    return found.select(
        pl.col(name) if name in known else pl.lit(None, kind).alias(name) for name, kind in _schema(table).items()
    )


def _schema(table: ArchivedTable) -> "dict[str, type[pl.DataType]]":
    import polars as pl  # noqa: PLC0415 - as above

    kinds: dict[str, Any] = {"instrument": pl.String}
    return kinds | {column.name: getattr(pl, _KINDS[column.kind]) for column in table.columns}
