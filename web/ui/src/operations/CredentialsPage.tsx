/** What opens providers' doors: how long it still serves, and where another one is entered. No secret is ever shown. */

import { Problem } from "@/parts/Problem";
import { Asked } from "./Asked";
import { Badge } from "./Badge";
import { ByProvider } from "./ByProvider";
import { CredentialForm } from "./CredentialForm";
import { endText, inForceText, kindText, stateOf, wayText } from "./credentials";
import { useCredentialsQuery, useForgetMutation } from "./endpoints";
import { Headings } from "./Headings";
import type { Credentials, Kept, Provider } from "./models";
import common from "./page.module.css";
import type { Command } from "./useCommand";
import { Wide } from "./Wide";

const LOOK_MS = 10_000;
const NO_KEY =
  "Nothing can be kept: set TICKTREE_CREDENTIALS_KEY (`ticktree credentials key` makes one) for all processes, and start them anew.";

const WORDS =
  "Who enters another one replaces the one before: the running engine goes over to it without losing a tick.";

export function CredentialsPage() {
  return (
    <ByProvider title="Credentials" words={WORDS} lookMs={LOOK_MS}>
      {(provider, command) => <OfProvider provider={provider} command={command} />}
    </ByProvider>
  );
}

function OfProvider({ provider, command }: { provider: Provider; command: Command }) {
  const query = useCredentialsQuery(provider.id, { pollingInterval: LOOK_MS });
  return (
    <Asked query={query} waiting={`Asking for the credentials of ${provider.name}…`}>
      {(told) => (
        <>
          <InForce told={told} />
          {told.items.length > 0 && <KeptOnes provider={provider} items={told.items} command={command} />}
          {told.can_keep ? (
            <CredentialForm provider={provider} told={told} command={command} />
          ) : (
            <Problem words={NO_KEY} />
          )}
        </>
      )}
    </Asked>
  );
}

function InForce({ told }: { told: Credentials }) {
  const now = Date.now();
  return (
    <p className={common.words}>
      <Badge state={stateOf(told.in_force, now)} /> {inForceText(told.in_force, now)}
    </p>
  );
}

interface KeptProps {
  provider: Provider;
  items: readonly Kept[];
  command: Command;
}

function KeptOnes({ provider, items, command }: KeptProps) {
  return (
    <Wide label={`Credentials of ${provider.name}`}>
      <table aria-label={`Credentials of ${provider.name}`}>
        <Headings titles={["What", "Client", "Fingerprint", "Came by", "Ends", "Entered", "Changes"]} />
        <tbody>
          {items.map((kept) => (
            <KeptOne key={kept.id} provider={provider} kept={kept} command={command} />
          ))}
        </tbody>
      </table>
    </Wide>
  );
}

function KeptOne({ provider, kept, command }: { provider: Provider; kept: Kept; command: Command }) {
  const [forget] = useForgetMutation();
  const now = Date.now();
  const what = `the ${kindText(kept.kind)} of ${provider.name}`;
  function onForget() {
    command.ask({
      question: `Forget ${what}?`,
      effect:
        "It is wiped for good. The engine opens nothing with it any more; what is connected goes on until its provider ends it.",
      verb: "Forget it",
      isDanger: true,
      done: `${what} is forgotten.`,
      send: () => forget({ provider: provider.id, id: kept.id }),
    });
  }
  return (
    <tr>
      <th scope="row">{kindText(kept.kind)}</th>
      <td>{kept.identity || "–"}</td>
      <td>{kept.fingerprint}</td>
      <td>{wayText(kept.source)}</td>
      <td>
        {kept.kind === "totp" ? "never" : endText(kept.expires_at === null ? null : Date.parse(kept.expires_at), now)}
      </td>
      <td>{kept.updated_at.slice(0, 16).replace("T", " ")} UTC</td>
      <td>
        <button type="button" data-kind="danger" disabled={command.isBusy} onClick={onForget}>
          Forget<span className="unseen"> {what}</span>
        </button>
      </td>
    </tr>
  );
}
