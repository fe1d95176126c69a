/** What one's rules told, the newest first. */

import { Link } from "react-router";
import { moment } from "@/formats/times";
import { Asked } from "@/operations/Asked";
import { Headings } from "@/operations/Headings";
import common from "@/operations/page.module.css";
import { Wide } from "@/operations/Wide";
import { useToldAlertsQuery } from "./endpoints";

const LOOK_MS = 30_000;
const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

export function History() {
  const query = useToldAlertsQuery(undefined, { pollingInterval: LOOK_MS });
  return (
    <section aria-labelledby="told-title">
      <h2 id="told-title">What was told</h2>
      <Asked query={query} waiting="Asking what was told…">
        {(alerts) =>
          alerts.length === 0 ? (
            <p className={common.words}>Nothing was told yet.</p>
          ) : (
            <Wide label="Alerts that were told">
              <table aria-label="What was told">
                <Headings titles={["When", "What", "Rule", "Instrument"]} />
                <tbody>
                  {alerts.map(({ id, at, message, name, symbol, is_test }) => (
                    <tr key={id}>
                      <th scope="row">{moment(at, ZONE)}</th>
                      <td className={common.long}>{message}</td>
                      <td>{is_test ? `${name} (test)` : name || "–"}</td>
                      <td>{symbol ? <Link to={`/chart/${encodeURIComponent(symbol)}`}>{symbol}</Link> : "–"}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </Wide>
          )
        }
      </Asked>
    </section>
  );
}
