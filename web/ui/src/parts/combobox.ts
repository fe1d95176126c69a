/** The keys of a combobox with a list that opens below it, after the ARIA pattern. */

export interface Popup {
  isOpen: boolean;
  /** The option that Enter chooses; −1 when there is none. */
  active: number;
}

export const CLOSED: Popup = { isOpen: false, active: -1 };

/** The popup after a key among so many options; null for a key that is none of its business. */
export function popupAfter(key: string, popup: Popup, count: number): Popup | null {
  switch (key) {
    case "ArrowDown":
      return opened(count, popup.isOpen ? popup.active + 1 : 0);
    case "ArrowUp":
      return opened(count, popup.isOpen ? popup.active - 1 : count - 1);
    case "Escape":
      return popup.isOpen ? CLOSED : null;
    default:
      return null;
  }
}

/** Round the list: after the last comes the first. */
function opened(count: number, active: number): Popup {
  return count === 0 ? { isOpen: true, active: -1 } : { isOpen: true, active: (active + count) % count };
}
