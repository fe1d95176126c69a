import type { ReactNode, Ref } from "react";
import common from "./page.module.css";

interface Props {
  label: string;
  children: ReactNode;
  className?: string | undefined;
  ref?: Ref<HTMLElement>;
}

/** What may be wider than the page and scrolls by itself, by keyboard too. */
export function Wide({ label, children, className = "", ref }: Props) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
    <section className={`${common.wide} ${className}`} ref={ref} tabIndex={0} aria-label={label}>
      {children}
    </section>
  );
}
