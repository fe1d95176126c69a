/**
 * Whether this browser may have a session: its cookie is hidden from scripts, and asking in vain for a session that was
 * never begun would be an error in everybody's console.
 */

export interface Memory {
  expects(): boolean;
  expect(): void;
  forget(): void;
}

/** Told when another window has signed in or out. Returns how to hear no more. */
export function onElsewhere(listener: () => void): () => void {
  const onStorage = ({ key }: StorageEvent) => {
    if (key === KEY || key === null) {
      listener();
    }
  };
  window.addEventListener("storage", onStorage);
  return () => window.removeEventListener("storage", onStorage);
}

const KEY = "ticktree.session";

export const memory: Memory = {
  expects: () => localStorage.getItem(KEY) !== null,
  expect: () => localStorage.setItem(KEY, "expected"),
  forget: () => localStorage.removeItem(KEY),
};
