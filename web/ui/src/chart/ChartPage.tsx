export function ChartPage() {
  return <h1>ChartPage</h1>;
}
