/** What providers' lists say otherwise than the tables: nothing of it is guessed, somebody has to look. */

import { moment } from "@/formats/times";
import { Asked } from "./Asked";
import { ByProvider } from "./ByProvider";
import { type Conflict, useConflictsQuery, useSettleMutation } from "./conflictEndpoints";
import { Headings } from "./Headings";
import type { Provider } from "./models";
import { Pager, usePages } from "./Pager";
import common from "./page.module.css";
import type { Command } from "./useCommand";
import { Wide } from "./Wide";

const LOOK_MS = 30_000;
const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** What may be done about each kind, after what was done. */
const ADVICE: Record<Conflict["kind"], string> = {
  "taken over":
    "The list was believed. Renamed: retire the old instrument. A mistake: end the new mapping and give the token back.",
  repeated: "The first line counts. To have the other one, change the mapping.",
  "other meaning": "The line was left out: rename or retire one of the two.",
  "other terms": "It was taken over.",
};

const WORDS =
  "What providers' lists say otherwise than the tables. Change what is wrong with the mapping, at /provider/…/mappings, then settle it here.";

export function ConflictsPage() {
  return (
    <ByProvider title="Conflicts" words={WORDS} lookMs={LOOK_MS}>
      {(provider, command) => <OfProvider provider={provider} command={command} />}
    </ByProvider>
  );
}

function OfProvider({ provider, command }: { provider: Provider; command: Command }) {
  const pages = usePages();
  const wish = { provider: provider.id, page_token: pages.token };
  const query = useConflictsQuery(wish, { pollingInterval: LOOK_MS });
  return (
    <Asked query={{ ...query, data: query.currentData }} waiting={`Asking for the conflicts of ${provider.name}…`}>
      {({ items, next_page_token }) => (
        <>
          {items.length === 0 ? (
            <p className={common.words}>Its lists and the tables agree.</p>
          ) : (
            <Conflicts provider={provider} items={items} command={command} />
          )}
          <Pager pages={pages} next={next_page_token} what={`conflicts of ${provider.name}`} />
        </>
      )}
    </Asked>
  );
}

interface ConflictsProps {
  provider: Provider;
  items: readonly Conflict[];
  command: Command;
}

function Conflicts({ provider, items, command }: ConflictsProps) {
  return (
    <Wide label={`Conflicts of ${provider.name}`}>
      <table aria-label={`Conflicts of ${provider.name}`}>
        <Headings titles={["The list names", "Also concerned", "What is not agreed on", "Since", "Decision"]} />
        <tbody>
          {items.map((conflict) => (
            <Row key={conflict.id} conflict={conflict} command={command} />
          ))}
        </tbody>
      </table>
    </Wide>
  );
}

function Row({ conflict, command }: { conflict: Conflict; command: Command }) {
  const { instrument, segment, provider_symbol, other, kind, detail, created_at, day } = conflict;
  return (
    <tr>
      <th scope="row">
        {instrument}
        <div className="quiet">
          as {segment}:{provider_symbol}
        </div>
      </th>
      <td>{other || "–"}</td>
      <td className={common.long}>
        {kind}: {detail}
        <div className="quiet">{ADVICE[kind]}</div>
      </td>
      <td>
        {moment(Date.parse(created_at), ZONE)}
        <div className="quiet">last in the list of {day}</div>
      </td>
      <td>
        <Decision conflict={conflict} command={command} />
      </td>
    </tr>
  );
}

function Decision({ conflict, command }: { conflict: Conflict; command: Command }) {
  const [settle] = useSettleMutation();
  const what = `${conflict.instrument}: ${conflict.kind}`;
  function onSettle() {
    command.ask({
      question: `Settle ${what}?`,
      effect: "It is listed again only when a list says something else about it. Mappings stay as they are.",
      verb: "Settle it",
      done: `${what} is settled.`,
      send: () => settle({ provider: conflict.provider_id, id: conflict.id }),
    });
  }
  return (
    <button type="button" aria-label={`Settle ${what}`} disabled={command.isBusy} onClick={onSettle}>
      Settle
    </button>
  );
}
