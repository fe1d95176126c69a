/** What was found, with the values it was found by, and each instrument's price as it moves. */

import { memo, useMemo } from "react";
import { Link } from "react-router";
import { percentChange, price, wayOf } from "@/formats/numbers";
import { useQuote } from "@/market/useQuote";
import { Headings } from "@/operations/Headings";
import { Wide } from "@/operations/Wide";
import { useListPrices } from "@/watchlist/useListPrices";
import type { Result } from "./endpoints";
import styles from "./ScreenersPage.module.css";
import { valueWords } from "./words";

export function ResultTable({ name, result: { matches, columns } }: { name: string; result: Result }) {
  useListPrices(useMemo(() => matches.map(({ instrument }) => instrument), [matches]));
  return (
    <Wide label={`Found by ${name}, in columns`} className={styles.found}>
      <table aria-label={`Found by ${name}`}>
        <Headings titles={["Instrument", "Last", "Today", ...columns]} />
        <tbody>
          {matches.map((match) => (
            <Row key={match.instrument} instrument={match.instrument} values={match.values} columns={columns} />
          ))}
        </tbody>
      </table>
    </Wide>
  );
}

interface RowProps {
  instrument: string;
  values: readonly (number | null)[];
  columns: readonly string[];
}

const Row = memo(function Row({ instrument, values, columns }: RowProps) {
  return (
    <tr>
      <th scope="row">
        <Link to={`/chart/${instrument}`}>{instrument}</Link>
      </th>
      <Live instrument={instrument} />
      {columns.map((column, at) => (
        <td key={column} className="number" title={values[at] === null ? "Can not be computed" : undefined}>
          {valueWords(values[at])}
        </td>
      ))}
    </tr>
  );
});

function Live({ instrument }: { instrument: string }) {
  const quote = useQuote(instrument);
  const { ltp, previous_close } = quote ?? { ltp: Number.NaN };
  return (
    <>
      <td className="number" data-field="ltp">
        {price(quote?.ltp)}
      </td>
      <td className={`number ${wayOf(ltp, previous_close)}`}>{percentChange(ltp, previous_close)}</td>
    </>
  );
}
