/** One actor in full, and what can be done with it. */

import { whole } from "@/formats/numbers";
import { age } from "@/formats/times";
import { Problem } from "@/parts/Problem";
import { Waiting } from "@/parts/Waiting";
import { Badge } from "./Badge";
import { useActMutation, useSubtreeQuery } from "./endpoints";
import type { Action, Actor, Place, ProcessTree } from "./models";
import common from "./page.module.css";
import { type Rates, rateText } from "./rates";
import styles from "./TreePage.module.css";
import { find, keyOf } from "./tree";
import type { Command } from "./useCommand";
import { ACTIONS, actionsFor, refusalWords } from "./words";

const LOOK_MS = 2_000;

interface Props {
  place: Place;
  processes: readonly ProcessTree[];
  rates: Rates;
  command: Command;
  onClose(): void;
}

export function ActorDetails({ place, processes, rates, command, onClose }: Props) {
  const shown = find(processes, place);
  const { currentData, error } = useSubtreeQuery(place, { skip: shown !== undefined, pollingInterval: LOOK_MS });
  const actor = shown ?? currentData?.tree;
  return (
    <aside className={styles.details} aria-label="Actor">
      <h3>
        {place.process} {place.path}
      </h3>
      {actor === undefined && error !== undefined && <Problem words={refusalWords(error)} />}
      {actor === undefined && error === undefined && <Waiting words="Asking for this actor…" />}
      {actor !== undefined && (
        <>
          <Actions place={place} actor={actor} command={command} />
          <Facts actor={actor} rate={rateText(rates, keyOf(place))} />
        </>
      )}
      <button type="button" onClick={onClose}>
        Close
      </button>
    </aside>
  );
}

function Actions({ place, actor, command }: { place: Place; actor: Actor; command: Command }) {
  const [act] = useActMutation();
  function ask(action: Action): void {
    const { verb, effect, done } = ACTIONS[action];
    command.ask({
      question: `${verb} ${place.path}?`,
      effect,
      verb,
      isDanger: action === "stop",
      done: `${place.path} ${done}.`,
      send: () => act({ ...place, action }),
    });
  }
  return (
    <div className={common.buttons}>
      {actionsFor(actor.state).map((action) => (
        <button
          type="button"
          key={action}
          data-kind={action === "stop" ? "danger" : undefined}
          disabled={command.isBusy}
          onClick={() => ask(action)}
        >
          {ACTIONS[action].verb}
        </button>
      ))}
    </div>
  );
}

function Facts({ actor, rate }: { actor: Actor; rate: string }) {
  const { depth, oldest_age_s, processed, dropped, conflated } = actor.mailbox;
  const facts = [
    ["Kind", actor.kind],
    ["Up for", actor.uptime_s > 0 ? age(0, actor.uptime_s * 1000) : "nobody lives there now"],
    ["Waiting", depth > 0 ? `${whole(depth)} messages, the oldest for ${oldest_age_s.toFixed(1)} s` : "nothing"],
    ["Handled", `${whole(processed)} (${rate})`],
    ["Dropped", whole(dropped)],
    ["Conflated", whole(conflated)],
    ["Restarts", whole(actor.restarts)],
    ["Last error", actor.last_error ?? "none"],
  ];
  return (
    <dl>
      <dt>State</dt>
      <dd>
        <Badge state={actor.state} />
      </dd>
      {facts.map(([name, value]) => (
        <Fact key={name} name={name ?? ""} value={value ?? ""} />
      ))}
    </dl>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </>
  );
}
