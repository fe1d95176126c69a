/** Going through a list page by page, as the server hands them out. */

import { useState } from "react";
import common from "./page.module.css";

export function usePages() {
  const [token, setToken] = useState("");
  return { token, first: () => setToken(""), goTo: setToken };
}

interface Props {
  pages: ReturnType<typeof usePages>;
  next: string | null;
  /** What is on the pages, in the plural. */
  what: string;
}

export function Pager({ pages, next, what }: Props) {
  if (next === null && pages.token === "") {
    return null;
  }
  return (
    <div className={common.buttons}>
      <button type="button" disabled={pages.token === ""} onClick={pages.first}>
        First {what}
      </button>
      <button type="button" disabled={next === null} onClick={() => pages.goTo(next ?? "")}>
        Next {what}
      </button>
    </div>
  );
}
