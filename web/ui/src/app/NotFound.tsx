import { Link } from "react-router";
import { Problem } from "@/parts/Problem";

export function NotFound() {
  return (
    <Problem words="There is no such page.">
      <Link to="/watchlist">To the watchlist</Link>
    </Problem>
  );
}
