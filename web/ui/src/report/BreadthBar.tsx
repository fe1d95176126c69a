import { whole } from "@/formats/numbers";
import type { Breadth } from "./endpoints";
import styles from "./Report.module.css";

/** How many rose and how many fell, as a bar and in words. */
export function BreadthBar({ breadth: { advances, declines, unchanged } }: { breadth: Breadth }) {
  const parts = [
    { words: `${whole(advances)} rose`, count: advances, style: styles.rose },
    { words: `${whole(unchanged)} unchanged`, count: unchanged, style: styles.same },
    { words: `${whole(declines)} fell`, count: declines, style: styles.fell },
  ];
  return (
    <figure className={styles.breadth}>
      <div className={styles.bar} aria-hidden="true">
        {parts
          .filter(({ count }) => count > 0)
          .map(({ words, count, style }) => (
            <span key={words} className={style} style={{ flexGrow: count }} />
          ))}
      </div>
      <figcaption>
        {parts.map(({ words }) => (
          <span key={words}>{words}</span>
        ))}
      </figcaption>
    </figure>
  );
}
