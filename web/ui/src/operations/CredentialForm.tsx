/** Enters a provider's credential: a token, or the seed and the PIN that tokens are made of. */

import { type FormEvent, useState } from "react";
import { entryOf, kindText } from "./credentials";
import { useEnterMutation } from "./endpoints";
import type { Credentials, Kept, Provider } from "./models";
import common from "./page.module.css";
import type { Command } from "./useCommand";

interface Props {
  provider: Provider;
  told: Credentials;
  command: Command;
}

export function CredentialForm({ provider, told, command }: Props) {
  const [kind, setKind] = useState<Kept["kind"]>("token");
  const [enter, { reset }] = useEnterMutation();
  const known = told.in_force?.identity ?? told.items[0]?.identity ?? "";

  async function onSubmit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = event.currentTarget;
    const entry = { ...entryOf(new FormData(form), told), kind };
    await command.run({
      question: `Entering the ${kindText(kind)} of ${provider.name}`,
      effect: "",
      verb: "Enter",
      done: `The ${kindText(kind)} of ${provider.name} is kept; the engine goes over to it.`,
      send: () => enter({ provider: provider.id, entry }),
    });
    reset(); // what was sent is remembered nowhere
    form.reset();
  }

  return (
    <details>
      <summary>Enter one for {provider.name}</summary>
      <form className={common.tools} autoComplete="off" onSubmit={onSubmit}>
        {told.kinds.length > 1 && (
          <label>
            What
            <select value={kind} onChange={(event) => setKind(event.target.value as Kept["kind"])}>
              {told.kinds.map((one) => (
                <option key={one} value={one}>
                  {kindText(one)}
                </option>
              ))}
            </select>
          </label>
        )}
        {told.needs_identity && (
          <label>
            Client id or API key
            <input name="identity" defaultValue={known} required maxLength={200} />
          </label>
        )}
        {kind === "token" ? <TokenFields /> : <CodeFields />}
        <button type="submit" disabled={command.isBusy}>
          Enter it
        </button>
      </form>
    </details>
  );
}

function TokenFields() {
  return (
    <>
      <label>
        Token
        <input name="token" type="password" autoComplete="off" required />
      </label>
      <label>
        Ends (where it does not say so itself)
        <input name="expires_at" type="datetime-local" />
      </label>
    </>
  );
}

function CodeFields() {
  return (
    <>
      <label>
        Seed
        <input name="seed" type="password" autoComplete="off" required />
      </label>
      <label>
        PIN
        <input name="pin" type="password" autoComplete="off" required />
      </label>
    </>
  );
}
