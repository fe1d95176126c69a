/**
 * Whether this browser may have a session: its cookie is hidden from scripts, and asking in vain for a session that was
 * never begun would be an error in everybody's console.
 */

export interface Memory {
  expects(): boolean;
  expect(): void;
  forget(): void;
}

const KEY = "ticktree.session";

export const memory: Memory = {
  expects: () => localStorage.getItem(KEY) !== null,
  expect: () => localStorage.setItem(KEY, "expected"),
  forget: () => localStorage.removeItem(KEY),
};
