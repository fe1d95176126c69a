/** Words as they stand on a page. */

export function capital(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** With a capital and a full stop: the server's words have neither for sure. */
export function sentence(words: string): string {
  return /[.?!…]$/.test(words) ? capital(words) : `${capital(words)}.`;
}
