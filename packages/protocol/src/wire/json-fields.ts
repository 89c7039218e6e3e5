import { TEXT_LENGTH_MAX } from "../limits.ts";

/** Reads of single JSON fields that a peer may have left out or mistyped. */

type Json = Readonly<Record<string, unknown>>;

export function textOr(value: unknown, fallback: string): string {
  return typeof value === "string" ? value : fallback;
}

/** A text that is kept and shown: a peer cannot make it longer than TEXT_LENGTH_MAX. */
export function labelOr(value: unknown, fallback: string): string {
  return textOr(value, fallback).slice(0, TEXT_LENGTH_MAX);
}

export function integerOr(value: unknown, fallback: number): number {
  return Number.isSafeInteger(value) ? (value as number) : fallback;
}

export function flagOr(value: unknown, fallback: boolean): boolean {
  return typeof value === "boolean" ? value : fallback;
}

export function optionalObject(value: unknown): Json | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Json)
    : undefined;
}
