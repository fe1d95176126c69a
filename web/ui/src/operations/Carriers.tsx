/** Which provider carries how many instruments of each exchange, how well, and which have passed from one to another. */

import { whole } from "@/formats/numbers";
import { age } from "@/formats/times";
import { carriersOf, lagText, wholeText } from "./feeds";
import { Headings } from "./Headings";
import type { Feeds } from "./models";
import common from "./page.module.css";
import { Wide } from "./Wide";

const SHOWN_MOVES = 10;

export function Carriers({ feeds }: { feeds: Feeds }) {
  const carriers = carriersOf(feeds);
  return (
    <>
      <h3 className={common.heading}>Who carries what</h3>
      {carriers.length === 0 && <p className={common.words}>Nobody carries an instrument.</p>}
      {carriers.length > 0 && (
        <Wide label="Providers, in columns">
          <table aria-label="Providers">
            <Headings titles={["Provider", "Instruments", "Lag", "Minutes whole"]} />
            <tbody>
              {carriers.map(({ provider, exchanges, measure }) => (
                <tr key={provider}>
                  <th scope="row">{provider}</th>
                  <td>{exchanges.map(([exchange, count]) => `${exchange} ${whole(count)}`).join(", ") || "none"}</td>
                  <td>{lagText(measure)}</td>
                  <td>{wholeText(measure)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Wide>
      )}
      <Moves feeds={feeds} />
    </>
  );
}

function Moves({ feeds }: { feeds: Feeds }) {
  const newest = feeds.moves.slice(-SHOWN_MOVES).reverse();
  if (newest.length === 0) {
    return <p className={common.words}>No instrument has passed from one provider to another.</p>;
  }
  return (
    <ul className={common.list}>
      {newest.map(({ at, exchange, from, to, count, why }) => (
        <li key={`${at} ${exchange} ${from}`}>
          {age(at, Date.now())} ago {whole(count)} of {exchange} passed from {from} to {to}: {why}
        </li>
      ))}
    </ul>
  );
}
