/** One's rules: what each waits for, how it stands, and what can be done with it. */

import { useAppSelector } from "@/app/store";
import { ago } from "@/formats/times";
import { Badge } from "@/operations/Badge";
import { Headings } from "@/operations/Headings";
import common from "@/operations/page.module.css";
import type { Command } from "@/operations/useCommand";
import { Wide } from "@/operations/Wide";
import { useAddRuleMutation, useChangeRuleMutation, useRemoveRuleMutation, useTestRuleMutation } from "./endpoints";
import type { Rule, RuleDraft, Webhook } from "./models";
import { conditionWords, redrafted, stateOf } from "./words";

interface Props {
  rules: readonly Rule[];
  webhooks: readonly Webhook[];
  command: Command;
}

export function RuleTable({ rules, webhooks, command }: Props) {
  if (rules.length === 0) {
    return <NoRules command={command} />;
  }
  return (
    <Wide label="Your rules">
      <table aria-label="Your rules">
        <Headings titles={["Tells when", "Name", "State", "Told", "Sent to", "Changes"]} />
        <tbody>
          {rules.map((rule) => (
            <tr key={rule.id}>
              <th scope="row">{conditionWords(rule.condition)}</th>
              <td>{rule.name || "–"}</td>
              <td>
                <Badge state={stateOf(rule)} />
              </td>
              <td>{rule.fired_at === null ? "–" : ago(Date.parse(rule.fired_at), Date.now())}</td>
              <td>{webhooks.find(({ id }) => id === rule.webhook)?.name ?? "–"}</td>
              <td>
                <Commands rule={rule} command={command} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Wide>
  );
}

/** A price that every instrument has long got to. */
const EXAMPLE: RuleDraft = {
  condition: { kind: "price", instrument: "NSE:RELIANCE", comparison: "above", value: 1 },
  name: "Example",
  once: true,
  cool_down_s: 300,
  hysteresis_percent: 0.1,
  webhook: null,
  is_enabled: true,
};

/** Where nothing is at stake one can be seen at once. */
function NoRules({ command }: { command: Command }) {
  const [add] = useAddRuleMutation();
  const isSimulated = useAppSelector((state) => state.interface.dataKind === "simulated");
  const onExample = () =>
    void command.run({
      question: "Making an example",
      effect: "",
      verb: "Show me one",
      done: "The next trade of NSE:RELIANCE tells it.",
      send: () => add(EXAMPLE),
    });
  return (
    <>
      <p className={common.words}>
        You have no rule yet. Name an instrument and a price above: you are told on every page when it gets there.
      </p>
      {isSimulated && (
        <p className={common.words}>
          <button type="button" disabled={command.isBusy} onClick={onExample}>
            Show me one
          </button>
        </p>
      )}
    </>
  );
}

function Commands({ rule, command }: { rule: Rule; command: Command }) {
  const [change] = useChangeRuleMutation();
  const [remove] = useRemoveRuleMutation();
  const [test] = useTestRuleMutation();
  const what = conditionWords(rule.condition);
  const isOn = rule.is_enabled;

  const run = (verb: string, done: string, send: Parameters<Command["run"]>[0]["send"]) =>
    void command.run({ question: `${verb}: ${what}`, effect: "", verb, done, send });

  return (
    <span className={common.buttons}>
      <button
        type="button"
        disabled={command.isBusy}
        onClick={() => run("Test", "A test is on its way.", () => test(rule.id))}
      >
        Test<span className="unseen"> {what}</span>
      </button>
      <button
        type="button"
        disabled={command.isBusy}
        onClick={() =>
          run(isOn ? "Switch off" : "Switch on", isOn ? "It is off." : "It waits again.", () =>
            change({ id: rule.id, draft: redrafted(rule, { is_enabled: !isOn }) }),
          )
        }
      >
        {isOn ? "Off" : "On"}
        <span className="unseen"> {what}</span>
      </button>
      <button
        type="button"
        data-kind="danger"
        disabled={command.isBusy}
        onClick={() => run("Delete", "It is gone.", () => remove(rule.id))}
      >
        Delete<span className="unseen"> {what}</span>
      </button>
    </span>
  );
}
