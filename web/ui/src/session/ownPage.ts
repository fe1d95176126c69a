/** Only a path of this site: what stands in an address may come from anybody. */
export function ownPage(to: string | null): string {
  return to !== null && /^\/(?![/\\])/.test(to) ? to : "/watchlist";
}
