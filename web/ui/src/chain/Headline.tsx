/** What the underlying costs: at once, by its next future, and how much it is expected to move. */

import { useAppSelector } from "@/app/store";
import { percentChange, price, wayOf } from "@/formats/numbers";
import type { Instrument } from "@/market/instruments";
import { useFollow } from "@/socket/LineProvider";
import styles from "./ChainPage.module.css";

/** Null: there is none; undefined: nobody has told yet. */
type Listed = Instrument | null | undefined;

interface Shown {
  spot: Listed;
  future: Listed;
  volatility: Listed;
}

export function Headline({ spot, future, volatility }: Shown) {
  return (
    <dl className={styles.headline}>
      <Figure name="Spot" of={spot} />
      <Figure name={future?.expiry ? `Future ${future.expiry}` : "Future"} of={future} />
      <Figure name="India VIX" of={volatility} />
    </dl>
  );
}

function Figure({ name, of }: { name: string; of: Listed }) {
  useFollow(of ? [`quote.${of.instrument}`] : []);
  const quote = useAppSelector(({ quotes }) => (of ? quotes[of.instrument] : undefined));
  return (
    <div>
      <dt>{name}</dt>
      <dd data-instrument={of?.instrument} data-field="ltp">
        {of === null ? "not listed here" : price(quote?.ltp)}{" "}
        {quote && (
          <small className={wayOf(quote.ltp, quote.previous_close)}>
            {percentChange(quote.ltp, quote.previous_close)}
          </small>
        )}
      </dd>
    </div>
  );
}
