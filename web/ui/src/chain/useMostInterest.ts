import { useAppSelector } from "@/app/store";

/** The most open interest of some contracts, so that their bars can be compared. */
export function useMostInterest(instruments: readonly string[]): number {
  return useAppSelector(({ quotes }) => Math.max(0, ...instruments.map((one) => quotes[one]?.oi ?? 0)));
}
