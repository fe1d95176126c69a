import { Problem } from "@/parts/Problem";

/** A page that failed, as when a new version took its files away. */
export function Broken() {
  return (
    <Problem words="This page has failed; prices and data are not concerned.">
      <button type="button" onClick={() => location.reload()}>
        Load it again
      </button>
    </Problem>
  );
}
