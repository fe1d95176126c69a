/** The chain in pictures, strike by strike. All look at the same strike. */

import { useMemo, useState } from "react";
import { price, short, shortChange } from "@/formats/numbers";
import { Choice } from "@/parts/Choice";
import { Plot } from "@/plots/Plot";
import { bands, between } from "@/plots/scale";
import type { Mark } from "@/plots/series";
import styles from "./Charts.module.css";
import { type Baseline, interest, interestChange, pain, smile } from "./pictures";
import { around, type ChainSnapshot } from "./snapshot";
import { sinceWords, strikeWords } from "./words";

const REACHES = { near: 10, wide: 25, all: null };
type Reach = keyof typeof REACHES;

export function Charts({ chain }: { chain: ChainSnapshot }) {
  const [reach, setReach] = useState<Reach>("near");
  const [since, setSince] = useState<Baseline>("close");
  const [looked, setLooked] = useState<number | null>(null);
  const shown = useMemo(() => around(chain, REACHES[reach]), [chain, reach]);
  const strikes = shown.map(({ strike }) => strike);
  const places = bands(strikes.length);
  const axis = {
    places,
    cursor: Math.max(0, strikes.indexOf(looked ?? chain.atm ?? Number.NaN)),
    onCursor: (index: number) => setLooked(strikes[index] ?? null),
    nameOf: (index: number) => strikeWords(strikes[index] as number),
  };
  const mark = (name: string, value: number | null): Mark => ({
    name: `${name} ${price(value, 0)}`,
    place: value === null ? null : between(strikes, places, value),
  });
  const spot = mark("Spot", chain.spot);

  return (
    <>
      <div className={styles.tools}>
        <Choice
          label="Strikes"
          chosen={reach}
          choices={{ near: "10 to each side", wide: "25", all: "All" }}
          onChoose={setReach}
        />
        <Choice label="Change of open interest" chosen={since} choices={sinceWords(chain)} onChoose={setSince} />
      </div>
      <div className={styles.charts}>
        <Plot
          title="Open interest"
          kind="bars"
          series={interest(shown)}
          format={short}
          formatSide={short}
          marks={[spot]}
          {...axis}
        />
        <Plot
          title="Change of open interest"
          kind="bars"
          series={interestChange(shown, since)}
          format={shortChange}
          formatSide={short}
          marks={[spot]}
          {...axis}
        />
        <Plot
          title="Implied volatility, % a year"
          kind="lines"
          series={smile(shown)}
          format={(value) => price(value, 1)}
          marks={[mark("Forward", chain.forward)]}
          {...axis}
        />
        <Plot
          title="What holders would get at expiry"
          kind="lines"
          series={pain(chain.strikes, shown)}
          format={short}
          formatSide={short}
          marks={[mark("Max pain", chain.max_pain), spot]}
          {...axis}
        />
      </div>
    </>
  );
}
