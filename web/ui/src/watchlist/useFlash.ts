import { type RefObject, useEffect, useRef } from "react";
import type { Quote } from "@/market/quotes";
import { flashes } from "./flashes";

/** The cell to be coloured when the price has moved since it was drawn last; not for the first price. */
export function useFlash(quote: Quote | undefined): RefObject<HTMLTableCellElement | null> {
  const cell = useRef<HTMLTableCellElement>(null);
  const moves = quote?.moves;
  const direction = quote?.direction;
  const seen = useRef(moves);
  useEffect(() => {
    if (moves !== seen.current && seen.current !== undefined && cell.current !== null && direction) {
      flashes.show(cell.current, direction);
    }
    seen.current = moves;
  }, [moves, direction]);
  useEffect(() => {
    const shown = cell.current;
    return () => {
      if (shown !== null) {
        flashes.forget(shown);
      }
    };
  }, []);
  return cell;
}
