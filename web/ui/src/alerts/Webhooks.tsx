/** Where alerts are sent besides: one's webhooks, and what became of what was sent. */

import { type FormEvent, useState } from "react";
import { useAppDispatch } from "@/app/store";
import { Badge } from "@/operations/Badge";
import { Headings } from "@/operations/Headings";
import common from "@/operations/page.module.css";
import type { Command } from "@/operations/useCommand";
import { Wide } from "@/operations/Wide";
import styles from "./Alerts.module.css";
import { addWebhook, useDeliveriesQuery, useRemoveWebhookMutation } from "./endpoints";
import type { NewWebhook, Webhook } from "./models";

const LOOK_MS = 10_000;

export function Webhooks({ webhooks, command }: { webhooks: readonly Webhook[]; command: Command }) {
  return (
    <section aria-labelledby="webhooks-title">
      <h2 id="webhooks-title">Webhooks</h2>
      <p className={common.words}>
        An address of yours that gets each alert of a rule as JSON, signed, and again until it takes it.
      </p>
      <NewOne command={command} />
      {webhooks.length > 0 && <Known webhooks={webhooks} command={command} />}
      {webhooks.length > 0 && <Deliveries webhooks={webhooks} />}
    </section>
  );
}

function NewOne({ command }: { command: Command }) {
  const [made, setMade] = useState<NewWebhook | null>(null);
  const dispatch = useAppDispatch();

  async function onSubmit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = event.currentTarget;
    const data = new FormData(form);
    const wish = { name: String(data.get("name")).trim(), url: String(data.get("url")).trim() };
    await command.run({
      question: `Adding ${wish.name}`,
      effect: "",
      verb: "Add",
      done: (answer) => {
        setMade(answer as NewWebhook);
        form.reset();
        return `${wish.name} was added.`;
      },
      send: () => dispatch(addWebhook(wish)),
    });
  }

  return (
    <>
      <form className={`${common.tools} ${styles.form}`} aria-label="New webhook" onSubmit={onSubmit}>
        <label>
          Name
          <input name="name" required maxLength={200} />
        </label>
        <label>
          Address
          <input name="url" type="url" required maxLength={2_000} size={36} placeholder="https://example.org/hook" />
        </label>
        <button type="submit" disabled={command.isBusy}>
          Add it
        </button>
      </form>
      {made && (
        <p role="status">
          The secret that signs what is sent to {made.name}. It is shown this once:
          <code className={styles.secret}>{made.secret}</code>
          <button type="button" onClick={() => setMade(null)}>
            I have kept it
          </button>
        </p>
      )}
    </>
  );
}

function Known({ webhooks, command }: { webhooks: readonly Webhook[]; command: Command }) {
  const [remove] = useRemoveWebhookMutation();
  return (
    <Wide label="Your webhooks">
      <table aria-label="Your webhooks">
        <Headings titles={["Name", "Address", "Secret", "Changes"]} />
        <tbody>
          {webhooks.map(({ id, name, url, fingerprint }) => (
            <tr key={id}>
              <th scope="row">{name}</th>
              <td className={common.long}>{url}</td>
              <td>{fingerprint}</td>
              <td>
                <button
                  type="button"
                  data-kind="danger"
                  disabled={command.isBusy}
                  onClick={() =>
                    command.ask({
                      question: `Delete ${name}?`,
                      effect: "Nothing more is sent there, and its secret is wiped for good.",
                      verb: "Delete it",
                      isDanger: true,
                      done: `${name} is gone.`,
                      send: () => remove(id),
                    })
                  }
                >
                  Delete<span className="unseen"> {name}</span>
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Wide>
  );
}

function Deliveries({ webhooks }: { webhooks: readonly Webhook[] }) {
  const { data: deliveries = [] } = useDeliveriesQuery(undefined, { pollingInterval: LOOK_MS });
  if (deliveries.length === 0) {
    return null;
  }
  return (
    <>
      <h3 className={common.heading}>Deliveries</h3>
      <Wide label="What was sent">
        <table aria-label="Deliveries">
          <Headings titles={["When", "To", "State", "Tries", "Why"]} />
          <tbody>
            {deliveries.map(({ id, webhook, status, attempts, why, updated_at }) => (
              <tr key={id}>
                <th scope="row">{updated_at.slice(0, 19).replace("T", " ")} UTC</th>
                <td>{webhooks.find((one) => one.id === webhook)?.name ?? "–"}</td>
                <td>
                  <Badge state={status} />
                </td>
                <td>{attempts}</td>
                <td className={common.long}>{why || "–"}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Wide>
    </>
  );
}
