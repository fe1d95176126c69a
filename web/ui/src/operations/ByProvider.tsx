/** A page that has a part for each provider. */

import type { ReactNode } from "react";
import { Asked } from "./Asked";
import { Commanded } from "./Commanded";
import { useProvidersQuery } from "./endpoints";
import type { Provider } from "./models";
import common from "./page.module.css";
import { type Command, useCommand } from "./useCommand";

interface Props {
  title: string;
  words: string;
  /** How often it is looked whether there are others. */
  lookMs: number;
  children: (provider: Provider, command: Command) => ReactNode;
}

export function ByProvider({ title, words, lookMs, children }: Props) {
  const query = useProvidersQuery(undefined, { pollingInterval: lookMs });
  const command = useCommand();
  const id = title.toLowerCase();
  return (
    <section className={common.page} aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>{title}</h2>
      <p className={common.words}>{words}</p>
      <Commanded command={command} />
      <Asked query={query} waiting="Asking for the providers…">
        {({ items }) => (
          <>
            {items.length === 0 && <p className={common.words}>There is no provider yet.</p>}
            {items.map((provider) => (
              <section key={provider.id} className={common.page} aria-labelledby={`${id}-of-${provider.id}`}>
                <h3 id={`${id}-of-${provider.id}`} className={common.heading}>
                  {provider.name}
                </h3>
                {children(provider, command)}
              </section>
            ))}
          </>
        )}
      </Asked>
    </section>
  );
}
