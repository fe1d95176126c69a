/** The alerts page: rules, what they told, and where it is sent besides. */

import { useEffect } from "react";
import { api } from "@/api/api";
import { useAppDispatch, useAppSelector } from "@/app/store";
import { Asked } from "@/operations/Asked";
import { Commanded } from "@/operations/Commanded";
import common from "@/operations/page.module.css";
import { useCommand } from "@/operations/useCommand";
import { Problem } from "@/parts/Problem";
import { preferred } from "@/settings/preferences";
import styles from "./Alerts.module.css";
import { useRulesQuery, useWebhooksQuery } from "./endpoints";
import { History } from "./History";
import { RuleForm } from "./RuleForm";
import { RuleTable } from "./RuleTable";
import { seen } from "./toasts";
import { Webhooks } from "./Webhooks";

const LOOK_MS = 10_000;
const NO_ACCOUNT = "Rules belong to an account: sign in to one to have alerts of your own.";

export function AlertsPage() {
  useSeen();
  const isUser = useAppSelector(({ session }) => session.is === "signed in" && session.person.kind === "user");
  return (
    <div className={styles.page}>
      <h1>Alerts</h1>
      {isUser ? <Own /> : <Problem words={NO_ACCOUNT} />}
    </div>
  );
}

function Own() {
  const command = useCommand();
  const rules = useRulesQuery(undefined, { pollingInterval: LOOK_MS });
  const { data: webhooks = [] } = useWebhooksQuery();
  return (
    <>
      <section aria-labelledby="rules-title">
        <h2 id="rules-title">Rules</h2>
        <RuleForm command={command} />
        <Commanded command={command} />
        <Asked query={rules} waiting="Asking for your rules…">
          {(items) => <RuleTable rules={items} webhooks={webhooks} command={command} />}
        </Asked>
        <Sound />
      </section>
      <History />
      <Webhooks webhooks={webhooks} command={command} />
    </>
  );
}

function Sound() {
  const dispatch = useAppDispatch();
  const isOn = useAppSelector((state) => state.preferences.values.alertSound);
  return (
    <div className={common.tools}>
      <label>
        <input
          type="checkbox"
          checked={isOn}
          onChange={(event) => dispatch(preferred({ alertSound: event.target.checked }))}
        />
        Ring when something is told
      </label>
    </div>
  );
}

/** Whoever is here has seen what is told; and what it changed is read again. */
function useSeen(): void {
  const dispatch = useAppDispatch();
  const unseen = useAppSelector((state) => state.toasts.unseen);
  useEffect(() => {
    if (unseen > 0) {
      dispatch(seen());
      dispatch(api.util.invalidateTags(["AlertRules", "Alerts"]));
    }
  }, [unseen, dispatch]);
}
