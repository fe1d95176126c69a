/** Who has an account, what they may do, and who is kept out. */

import { useAppSelector } from "@/app/store";
import { Asked } from "./Asked";
import { Badge } from "./Badge";
import { Commanded } from "./Commanded";
import { useChangeUserMutation, useUsersQuery } from "./endpoints";
import { Headings } from "./Headings";
import type { Account } from "./models";
import { Pager, usePages } from "./Pager";
import common from "./page.module.css";
import { type Command, useCommand } from "./useCommand";
import { Wide } from "./Wide";

const LOOK_MS = 30_000;

export function UsersPage() {
  const pages = usePages();
  const query = useUsersQuery({ page_token: pages.token }, { pollingInterval: LOOK_MS });
  const command = useCommand();
  return (
    <section className={common.page} aria-labelledby="users-title">
      <h2 id="users-title">Users</h2>
      <Commanded command={command} />
      <Asked query={{ ...query, data: query.currentData }} waiting="Asking for the accounts…">
        {({ items, next_page_token }) => (
          <>
            <Accounts accounts={items} command={command} />
            <Pager pages={pages} next={next_page_token} what="users" />
          </>
        )}
      </Asked>
    </section>
  );
}

function Accounts({ accounts, command }: { accounts: readonly Account[]; command: Command }) {
  return (
    <Wide label="Accounts">
      <table aria-label="Users">
        <Headings titles={["Email", "Name", "Role", "State", "Since", "Changes"]} />
        <tbody>
          {accounts.map((account) => (
            <tr key={account.id}>
              <th scope="row">{account.email}</th>
              <td>{account.name || "–"}</td>
              <td>{account.role === "admin" ? "administrator" : "user"}</td>
              <td>
                <Badge state={account.is_active ? "active" : "disabled"} />
              </td>
              <td>{account.created_at.slice(0, 10)}</td>
              <td>
                <Changes account={account} command={command} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Wide>
  );
}

const ENDS = "All sessions of this account end; whoever it is signs in anew.";

function Changes({ account, command }: { account: Account; command: Command }) {
  const own = useAppSelector(({ session }) => (session.is === "signed in" ? session.person.id : ""));
  const [change] = useChangeUserMutation();
  if (account.id === own) {
    return <span className="quiet">yours: another administrator changes it</span>;
  }
  const { id, email, role, is_active } = account;
  const isAdmin = role === "admin";
  function onRole() {
    const next = isAdmin ? "user" : "admin";
    command.ask({
      question: isAdmin ? `Make ${email} a user?` : `Make ${email} an administrator?`,
      effect: isAdmin ? `They can no longer open these pages. ${ENDS}` : `They can do all that you can. ${ENDS}`,
      verb: "Change it",
      done: `${email} is ${isAdmin ? "a user" : "an administrator"} now.`,
      send: () => change({ id, role: next }),
    });
  }
  function onActive() {
    command.ask({
      question: `${is_active ? "Disable" : "Enable"} ${email}?`,
      effect: is_active ? `Nobody gets in with this account, nor with its keys. ${ENDS}` : "They may sign in again.",
      verb: is_active ? "Disable it" : "Enable it",
      isDanger: is_active,
      done: `${email} is ${is_active ? "disabled" : "enabled"}.`,
      send: () => change({ id, is_active: !is_active }),
    });
  }
  return (
    <div className={common.buttons}>
      <button type="button" disabled={command.isBusy} onClick={onRole}>
        Make {isAdmin ? "a user" : "an administrator"}
        <span className="unseen"> of {email}</span>
      </button>
      <button type="button" data-kind={is_active ? "danger" : undefined} disabled={command.isBusy} onClick={onActive}>
        {is_active ? "Disable" : "Enable"}
        <span className="unseen"> {email}</span>
      </button>
    </div>
  );
}
