import { type FormEvent, useMemo } from "react";
import { useInstrumentsQuery } from "@/market/instruments";

/** Another underlying: one of those that have futures, or whatever is written. */
export function UnderlyingPicker({ underlying, onChoose }: { underlying: string; onChoose(next: string): void }) {
  const { data } = useInstrumentsQuery({ kind: "future" });
  const known = useMemo(() => [...new Set((data ?? []).flatMap((one) => one.underlying ?? []))].sort(), [data]);

  function onSubmit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const symbol = String(new FormData(event.currentTarget).get("underlying")).trim().toUpperCase();
    if (symbol !== "") {
      onChoose(symbol.includes(":") ? symbol : `NSE:${symbol}`);
    }
  }

  return (
    <form onSubmit={onSubmit} aria-label="Underlying">
      <label>
        Underlying{" "}
        <input name="underlying" list="underlyings" defaultValue={underlying} autoComplete="off" spellCheck={false} />
      </label>{" "}
      <button type="submit">Show</button>
      <datalist id="underlyings">
        {known.map((symbol) => (
          <option key={symbol}>{symbol}</option>
        ))}
      </datalist>
    </form>
  );
}
