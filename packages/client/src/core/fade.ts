import { type Micros, millis } from "@tutti/protocol";

/**
 * How long each fade takes, in or out: long enough that its spectrum stays below what is heard as a
 * click, short enough that a start still sounds immediate.
 */
export const FADE: Micros = millis(6);

/**
 * Gain at `progress` (0 to 1) through a fade: a raised cosine. Two of them, one up and one down, add
 * to exactly one, so a cross-fade of equal material keeps its level.
 */
export function raisedCosine(progress: number): number {
  if (progress <= 0) return 0;
  if (progress >= 1) return 1;
  return 0.5 - 0.5 * Math.cos(Math.PI * progress);
}

/** How many frames a span takes, at least one. */
export function fadeFrames(span: Micros, rateHz: number): number {
  return Math.max(1, Math.round((span * rateHz) / 1_000_000));
}
