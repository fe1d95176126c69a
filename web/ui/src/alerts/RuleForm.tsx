/** Writes a rule: what is waited for, and how it is told. */

import { type FormEvent, useState } from "react";
import { useSearchParams } from "react-router";
import { useAppSelector } from "@/app/store";
import common from "@/operations/page.module.css";
import type { Command } from "@/operations/useCommand";
import styles from "./Alerts.module.css";
import { useAddRuleMutation, useWebhooksQuery } from "./endpoints";
import type { Condition } from "./models";
import { COMPARISONS, conditionWords, draftOf } from "./words";

type Kind = Condition["kind"];

const KINDS: readonly (readonly [Kind, string])[] = [
  ["price", "A price"],
  ["gap", "Missing minutes"],
  ["feed", "A provider's feed"],
  ["token", "A provider's token"],
];

export function RuleForm({ command }: { command: Command }) {
  const [kind, setKind] = useState<Kind>("price");
  const [isAgain, setAgain] = useState(false);
  const [add] = useAddRuleMutation();
  const { data: webhooks = [] } = useWebhooksQuery();
  const isAdmin = useAppSelector(({ session }) => session.is === "signed in" && session.person.role === "admin");

  async function onSubmit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const draft = draftOf(new FormData(event.currentTarget));
    await command.run({
      question: `Waiting for: ${conditionWords(draft.condition)}`,
      effect: "",
      verb: "Alert me",
      done: `You are told when: ${conditionWords(draft.condition)}.`,
      send: () => add(draft),
    });
  }

  return (
    <form className={`${common.tools} ${styles.form}`} aria-label="New rule" onSubmit={onSubmit}>
      <label>
        Tell me of
        <select name="kind" value={kind} onChange={(event) => setKind(event.target.value as Kind)}>
          {KINDS.filter(([name]) => isAdmin || name !== "token").map(([name, words]) => (
            <option key={name} value={name}>
              {words}
            </option>
          ))}
        </select>
      </label>
      {(kind === "price" || kind === "gap") && <InstrumentField />}
      {kind === "price" && <PriceFields />}
      {kind === "gap" && <NumberField name="minutes" label="Minutes" before={1} most={1_440} />}
      {(kind === "feed" || kind === "token") && <ProviderField />}
      {kind === "feed" && <NumberField name="seconds" label="Unwell for seconds" before={60} least={5} most={86_400} />}
      {kind === "token" && <NumberField name="hours" label="Hours before its end" before={2} most={720} />}
      <label>
        Name
        <input name="name" maxLength={200} placeholder="if you like" />
      </label>
      <label>
        <input name="again" type="checkbox" checked={isAgain} onChange={(event) => setAgain(event.target.checked)} />
        Again and again
      </label>
      {isAgain && <NumberField name="cool_down_min" label="At most once in minutes" before={5} most={10_080} />}
      {webhooks.length > 0 && (
        <label>
          Also send to
          <select name="webhook">
            <option value="">nowhere</option>
            {webhooks.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </select>
        </label>
      )}
      <button type="submit" data-kind="main" disabled={command.isBusy}>
        Alert me
      </button>
    </form>
  );
}

function InstrumentField() {
  const [search] = useSearchParams();
  return (
    <label>
      Instrument
      <input
        name="instrument"
        required
        maxLength={100}
        placeholder="NSE:TCS"
        defaultValue={search.get("instrument") ?? ""}
      />
    </label>
  );
}

function PriceFields() {
  return (
    <>
      <label>
        <span className="unseen">Comparison</span>
        <select name="comparison">
          {COMPARISONS.map(([name, words]) => (
            <option key={name} value={name}>
              {words}
            </option>
          ))}
        </select>
      </label>
      <label>
        Value
        <input name="value" type="number" step="any" min="0" required />
      </label>
    </>
  );
}

function ProviderField() {
  return (
    <label>
      Provider
      <input name="provider" required maxLength={40} placeholder="dhan" />
    </label>
  );
}

interface NumberProps {
  name: string;
  label: string;
  before: number;
  least?: number;
  most: number;
}

function NumberField({ name, label, before, least = 1, most }: NumberProps) {
  return (
    <label>
      {label}
      <input name={name} type="number" required min={least} max={most} defaultValue={before} />
    </label>
  );
}
