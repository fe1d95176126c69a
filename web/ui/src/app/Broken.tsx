import { Problem } from "@/parts/Problem";

/** A page that failed, as when a new version took its files away. */
export function Broken() {
  return (
    <>
      <h1 className="unseen">ticktree</h1>
      <Problem words="This page could not be shown: it failed, or there is a newer version of it. Prices and data are not concerned.">
        <button type="button" onClick={() => location.reload()}>
          Load it again
        </button>
      </Problem>
    </>
  );
}
