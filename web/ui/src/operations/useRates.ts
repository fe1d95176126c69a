import { useEffect, useState } from "react";
import { advanced, NO_RATES, type Rates, type Reading } from "./rates";

/** The rates of what is read again and again; give it the same array until there is a new reading. */
export function useRates(readings: readonly Reading[]): Rates {
  const [rates, setRates] = useState(NO_RATES);
  useEffect(() => setRates((before) => advanced(before, readings)), [readings]);
  return rates;
}
