import { useTryAgain } from "@/api/useTryAgain";
import { useWaysQuery, type Ways } from "./endpoints";

/** How one may come in here; undefined until the server has told. */
export function useWays(): Ways | undefined {
  const query = useWaysQuery();
  useTryAgain(query);
  return query.data;
}
