import type { ReactNode } from "react";
import mark from "@/app/mark.svg";
import styles from "./Doorstep.module.css";

/** The frame of the pages for who is not signed in. */
export function Doorstep({ title, children }: { title: string; children: ReactNode }) {
  return (
    <main className={styles.doorstep}>
      <img src={mark} alt="" width={48} height={48} />
      <h1>ticktree</h1>
      <h2>{title}</h2>
      {children}
    </main>
  );
}
