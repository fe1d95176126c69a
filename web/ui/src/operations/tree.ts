/** The actor trees as rows of a table: opened and closed, filtered, and with what was asked for grafted on. */

import type { Actor, ActorState, Place, ProcessTree, Subtree } from "./models";
import type { Reading } from "./rates";

export interface Row extends Place {
  key: string;
  actor: Actor;
  /** 1 for the root of a process. */
  level: number;
  /** Whether its children are shown; null where it has none. */
  isOpen: boolean | null;
  /** Children that the server summed up. */
  hidden: number;
}

export interface Shown {
  /** Keys of rows whose children are not shown. */
  closed: ReadonlySet<string>;
  filter: string;
}

export function keyOf({ process, path }: Place): string {
  return `${process} ${path}`;
}

/** The last part of a path. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

export function rowsOf(processes: readonly ProcessTree[], { closed, filter }: Shown): Row[] {
  const text = filter.trim().toLowerCase();
  return processes.flatMap(({ process, tree }) =>
    text === "" ? opened(process, tree, 1, closed) : matching(process, tree, 1, text),
  );
}

/** The processes with one subtree as the server told it whole, in place of its summary. */
export function grafted(processes: readonly ProcessTree[], whole: Subtree | undefined): ProcessTree[] {
  return processes.map((one) =>
    whole !== undefined && one.process === whole.process ? { ...one, tree: replaced(one.tree, whole.tree) } : one,
  );
}

/** The places whose children the server summed up. */
export function summarized(processes: readonly ProcessTree[]): Place[] {
  return processes.flatMap(({ process, tree }) =>
    [...actorsOf(tree)].filter((actor) => hiddenOf(actor) > 0).map(({ path }) => ({ process, path })),
  );
}

export function find(processes: readonly ProcessTree[], place: Place): Actor | undefined {
  const tree = processes.find(({ process }) => process === place.process)?.tree;
  return tree && [...actorsOf(tree)].find(({ path }) => path === place.path);
}

/** What is shown below it: of those that are summed up only who is in trouble, as the others change all the time. */
function shownBelow(actor: Actor): Actor[] {
  const children = actor.children ?? [];
  return hiddenOf(actor) > 0 ? children.filter(({ state, restarts }) => state !== "running" || restarts > 0) : children;
}

/** How many actors there are in each state, those that are summed up too. */
export function statesOf(tree: Actor): Partial<Record<ActorState, number>> {
  const counts: Partial<Record<ActorState, number>> = { [tree.state]: 1 };
  const below = [...(hiddenOf(tree) > 0 ? [tree.states ?? {}] : (tree.children ?? []).map(statesOf))];
  for (const [state, count] of below.flatMap(Object.entries) as [ActorState, number][]) {
    counts[state] = (counts[state] ?? 0) + count;
  }
  return counts;
}

/** How many messages each has handled, and when that was so. */
export function readingsOf(processes: readonly ProcessTree[], whole: Subtree | undefined): Reading[] {
  return processes.flatMap(({ process, time, tree }) =>
    [...actorsOf(tree)].map(({ path, mailbox }) => {
      const isWhole = whole?.process === process && isWithin(path, whole.tree.path);
      return { key: keyOf({ process, path }), count: mailbox.processed, atMs: isWhole ? whole.time : time };
    }),
  );
}

function* actorsOf(actor: Actor): Generator<Actor> {
  yield actor;
  for (const child of actor.children ?? []) {
    yield* actorsOf(child);
  }
}

function hiddenOf(actor: Actor): number {
  return Math.max(0, (actor.count ?? 0) - (actor.children?.length ?? 0));
}

function isWithin(path: string, top: string): boolean {
  return path === top || path.startsWith(`${top}/`);
}

function replaced(actor: Actor, whole: Actor): Actor {
  if (actor.path === whole.path) {
    return whole;
  }
  if (!isWithin(whole.path, actor.path) || actor.children === undefined) {
    return actor;
  }
  return { ...actor, children: actor.children.map((child) => replaced(child, whole)) };
}

function opened(process: string, actor: Actor, level: number, closed: ReadonlySet<string>): Row[] {
  const row = rowOf(process, actor, level, !closed.has(keyOf({ process, path: actor.path })));
  const children = row.isOpen ? shownBelow(actor) : [];
  return [row, ...children.flatMap((child) => opened(process, child, level + 1, closed))];
}

/** Those that match, under those that they stand below. */
function matching(process: string, actor: Actor, level: number, text: string): Row[] {
  const below = (actor.children ?? []).flatMap((child) => matching(process, child, level + 1, text));
  return below.length > 0 || matches(actor, text) ? [rowOf(process, actor, level, true), ...below] : [];
}

function matches(actor: Actor, text: string): boolean {
  return [nameOf(actor.path), actor.kind, actor.state, actor.last_error ?? ""].some((part) =>
    part.toLowerCase().includes(text),
  );
}

function rowOf(process: string, actor: Actor, level: number, isOpen: boolean): Row {
  const below = shownBelow(actor).length;
  return {
    key: keyOf({ process, path: actor.path }),
    process,
    path: actor.path,
    actor,
    level,
    isOpen: below > 0 ? isOpen : null,
    hidden: hiddenOf(actor) > 0 ? (actor.count ?? 0) - below : 0,
  };
}
