/** Messages that found nobody, by process. */

import { whole } from "@/formats/numbers";
import { sentence } from "@/formats/sentences";
import { age } from "@/formats/times";
import { Problem } from "@/parts/Problem";
import { Asked } from "./Asked";
import { useDeadLettersQuery } from "./endpoints";
import { Headings } from "./Headings";
import type { DeadLetter, DeadLetters } from "./models";
import common from "./page.module.css";
import { Wide } from "./Wide";

const LOOK_MS = 5_000;

export function DeadLettersPage() {
  const query = useDeadLettersQuery(undefined, { pollingInterval: LOOK_MS });
  return (
    <section className={common.page} aria-labelledby="letters-title">
      <h2 id="letters-title">Dead letters</h2>
      <p className={common.words}>
        Messages to actors that were not there, or that did not come to them; of each process the last hundred.
      </p>
      <Asked query={query} waiting="Asking the processes…">
        {(processes) =>
          Object.entries(processes).map(([process, told]) => <Process key={process} process={process} told={told} />)
        }
      </Asked>
    </section>
  );
}

function Process({ process, told }: { process: string; told: DeadLetters }) {
  if ("error" in told) {
    return <Problem words={`${process}: ${sentence(told.error)}`} />;
  }
  return (
    <>
      <h3 className={common.heading}>
        {process}: {told.count === 0 ? "none" : whole(told.count)}
      </h3>
      {told.sample.length > 0 && <Letters process={process} letters={[...told.sample].reverse()} />}
    </>
  );
}

function Letters({ process, letters }: { process: string; letters: readonly DeadLetter[] }) {
  return (
    <Wide label={`Letters of ${process}`}>
      <table aria-label={`Dead letters of ${process}`}>
        <Headings titles={["When", "To", "Why", "Message"]} />
        <tbody>
          {letters.map((letter, place) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: two letters may be equal in all they tell
            <tr key={`${letter.time} ${place}`}>
              <td>{age(letter.time, Date.now())}</td>
              <td>{letter.path}</td>
              <td className={common.long}>{letter.reason}</td>
              <td className={common.long}>
                <code>{letter.message}</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Wide>
  );
}
