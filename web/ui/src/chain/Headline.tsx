/** What the chain says as a whole: what its underlying costs, how much it is expected to move, where interest is. */

import type { ReactNode } from "react";
import { useAppSelector } from "@/app/store";
import { percentChange, price, short, wayOf } from "@/formats/numbers";
import { useFollow } from "@/socket/LineProvider";
import styles from "./ChainPage.module.css";
import type { ChainSnapshot, Wall } from "./snapshot";
import { forwardWords, lackWords, leftWords, oldWords, strikeWords } from "./words";

export function Headline({ chain }: { chain: ChainSnapshot }) {
  const { ce_walls, pe_walls } = chain;
  const note = (said: string, ...figures: string[]) => words(said, lackWords(chain, ...figures));
  return (
    <dl className={styles.headline}>
      <Figure name="Spot" note={note(oldWords(chain.spot_age_ms), "spot")}>
        {price(chain.spot)} <SpotChange chain={chain} />
      </Figure>
      <Figure name="Future" note={note(words(chain.future, oldWords(chain.future_age_ms)), "future_price")}>
        {price(chain.future_price)}
      </Figure>
      <Figure name="Forward" note={note(words(forwardWords(chain), oldWords(chain.forward_age_ms)), "forward")}>
        {price(chain.forward)}
      </Figure>
      <Figure name="Time left">{leftWords(chain.expires_at, chain.as_of)}</Figure>
      <Figure name="IV at the money" note={note("", "atm_iv")}>
        {percent(chain.atm_iv)}
      </Figure>
      <Figure name="VIX" note={note(oldWords(chain.vix_age_ms), "vix")}>
        {price(chain.vix)}
      </Figure>
      <Figure
        name="Straddle"
        note={note(chain.atm === null ? "" : `both options at ${strikeWords(chain.atm)}`, "straddle")}
      >
        {price(chain.straddle)}
      </Figure>
      <Figure name="PCR" note={note("puts by calls: open interest, volume", "pcr_oi", "pcr_volume")}>
        {price(chain.pcr_oi, 2)} <small className="quiet">{price(chain.pcr_volume, 2)} vol</small>
      </Figure>
      <Figure name="Max pain" note={note("", "max_pain")}>
        {strike(chain.max_pain)}
      </Figure>
      <Figure name="Call wall" note={note(wallWords(ce_walls), "ce_walls")}>
        {strike(ce_walls[0]?.strike ?? null)}
      </Figure>
      <Figure name="Put wall" note={note(wallWords(pe_walls), "pe_walls")}>
        {strike(pe_walls[0]?.strike ?? null)}
      </Figure>
    </dl>
  );
}

function Figure({ name, note = "", children }: { name: string; note?: string; children: ReactNode }) {
  return (
    <div title={note || undefined}>
      <dt>{name}</dt>
      <dd>
        {children}
        {note && <span className="unseen"> {note}</span>}
      </dd>
    </div>
  );
}

/** Since the previous close, which the quote knows and the chain does not. */
function SpotChange({ chain: { underlying, spot } }: { chain: ChainSnapshot }) {
  useFollow([`quote.${underlying}`]);
  const before = useAppSelector(({ quotes }) => quotes[underlying]?.previous_close);
  return spot === null ? null : <small className={wayOf(spot, before)}>{percentChange(spot, before)}</small>;
}

/** What there is to say, one after the other. */
function words(...said: (string | null)[]): string {
  return said.filter(Boolean).join("; ");
}

function percent(value: number | null): string {
  return value === null ? price(null) : `${price(value, 2)}%`;
}

function strike(value: number | null): string {
  return value === null ? price(null) : strikeWords(value);
}

function wallWords(walls: readonly Wall[]): string {
  return walls.map((wall) => `${short(wall.oi)} at ${strikeWords(wall.strike)}`).join(", ");
}
