import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { FLASH_MS, Flashes } from "./flashes";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it("colours a cell for a moment", () => {
  const cell = document.createElement("td");
  new Flashes().show(cell, "up");
  expect(cell.dataset.flash).toBe("up");
  vi.advanceTimersByTime(FLASH_MS + 100);
  expect(cell.dataset.flash).toBeUndefined();
});

it("lasts from the last move, in its colour", () => {
  const cell = document.createElement("td");
  const flashes = new Flashes();
  flashes.show(cell, "up");
  vi.advanceTimersByTime(FLASH_MS - 100);
  flashes.show(cell, "down");
  vi.advanceTimersByTime(FLASH_MS - 100);
  expect(cell.dataset.flash).toBe("down");
});

it("needs one timer for all cells, and none when all are done", () => {
  const flashes = new Flashes();
  for (let count = 0; count < 500; count += 1) {
    flashes.show(document.createElement("td"), "down");
  }
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(FLASH_MS + 100);
  expect(vi.getTimerCount()).toBe(0);
});
