export function Watchlist() {
  return <h1>Watchlist</h1>;
}
