/** Dark, light, or as the system has it; remembered here too, so that a page does not open in the wrong one. */

export type Theme = "system" | "dark" | "light";

const KEY = "ticktree.theme";

export function showTheme(theme: Theme): void {
  document.documentElement.dataset.theme = theme;
  localStorage.setItem(KEY, theme);
}

export function showRememberedTheme(): void {
  document.documentElement.dataset.theme = localStorage.getItem(KEY) ?? "system";
}
