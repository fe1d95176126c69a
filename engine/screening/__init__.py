"""Screening: what users look for in the candles of many instruments, as data, and how it is found.

`evaluation` and `formulas` are imported by who computes: they bring polars along.
"""

from engine.screening.catalogue import INDICATORS, Indicator, Parameter
from engine.screening.definition import Comparison, Condition, Definition, Schedule, Sort, Universe
from engine.screening.errors import DefinitionError, OperandError, Problem
from engine.screening.operand import Operand, parse_operand
from engine.screening.reading import bars, checked, is_canonical, operands, read_definition
from engine.screening.result import Findings, Match, Result

__all__ = [
    "INDICATORS",
    "Comparison",
    "Condition",
    "Definition",
    "DefinitionError",
    "Findings",
    "Indicator",
    "Match",
    "Operand",
    "OperandError",
    "Parameter",
    "Problem",
    "Result",
    "Schedule",
    "Sort",
    "Universe",
    "bars",
    "checked",
    "is_canonical",
    "operands",
    "parse_operand",
    "read_definition",
]
