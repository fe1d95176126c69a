/** The page's colours for what is painted and not styled; they change with the theme. */

import { useEffect, useState } from "react";

const NAMES = {
  ground: "--ground",
  raised: "--raised",
  line: "--line",
  text: "--text",
  quiet: "--quiet",
  accent: "--accent",
  up: "--up",
  down: "--down",
  upFaint: "--up-faint",
  downFaint: "--down-faint",
  warn: "--warn",
  warnFaint: "--warn-faint",
} as const;

export type Colours = Record<keyof typeof NAMES, string>;

export function coloursNow(): Colours {
  const style = getComputedStyle(document.documentElement);
  const entries = Object.entries(NAMES).map(([name, property]) => [name, style.getPropertyValue(property).trim()]);
  return Object.fromEntries(entries) as Colours;
}

export function useColours(): Colours {
  const [colours, setColours] = useState(coloursNow);
  useEffect(() => {
    const look = () => setColours(coloursNow());
    const watch = new MutationObserver(look);
    watch.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    const system = matchMedia("(prefers-color-scheme: light)");
    system.addEventListener("change", look);
    return () => {
      watch.disconnect();
      system.removeEventListener("change", look);
    };
  }, []);
  return colours;
}
