import { expect, it } from "vitest";
import { CLOSED, popupAfter } from "./combobox";

const at = (active: number) => ({ isOpen: true, active });

it("opens at the first with the arrow down and at the last with the arrow up", () => {
  expect(popupAfter("ArrowDown", CLOSED, 3)).toEqual(at(0));
  expect(popupAfter("ArrowUp", CLOSED, 3)).toEqual(at(2));
});

it("goes round", () => {
  expect(popupAfter("ArrowDown", at(2), 3)).toEqual(at(0));
  expect(popupAfter("ArrowUp", at(0), 3)).toEqual(at(2));
});

it("has nothing to choose while nothing is found", () => {
  expect(popupAfter("ArrowDown", CLOSED, 0)).toEqual(at(-1));
});

it("closes with Escape, which is free for others when it is closed", () => {
  expect(popupAfter("Escape", at(1), 3)).toEqual(CLOSED);
  expect(popupAfter("Escape", CLOSED, 3)).toBeNull();
});

it("leaves every other key to the field", () => {
  expect(popupAfter("Home", at(1), 3)).toBeNull();
});
