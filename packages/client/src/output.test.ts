import type { AudioFormat, AudioOutput, DeviceEvents } from "@tutti/audio";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Output, type OutputEvent } from "./output.ts";

const STEREO = { rateHz: 48_000, channels: 2, latencyMs: 30 };
beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A device whose presence the test decides, and what its owner saw. */
function device() {
  const seen: string[] = [];
  const state = { missing: "", events: undefined as DeviceEvents | undefined };
  const open = async (format: AudioFormat, events: DeviceEvents): Promise<AudioOutput> => {
    if (state.missing) throw new Error(state.missing);
    state.events = events;
    const close = async () => void seen.push("device closed");
    return { format, latencyMs: 10, close } as AudioOutput;
  };
  const onEvent = (event: OutputEvent) => {
    const detail =
      "reason" in event ? `: ${event.reason}` : "rateHz" in event ? ` ${event.rateHz}` : "";
    seen.push(`${event.kind}${detail}`);
  };
  const owner = {
    onEvent,
    onOpened: () => {},
    onClosed: () => void seen.push("let go"),
    onShort: () => void seen.push("ran short"),
  };
  return { output: new Output("card", open, owner, STEREO), seen, state };
}

test("a missing card is told once and tried each second", async () => {
  const { output, seen, state } = device();
  state.missing = "no such device";
  output.start();
  await vi.advanceTimersByTimeAsync(3_500);
  state.missing = "busy";
  await vi.advanceTimersByTimeAsync(1_000);
  state.missing = "";
  await vi.advanceTimersByTimeAsync(1_000);
  expect(seen).toEqual([
    "output unavailable: no such device",
    "output unavailable: busy",
    "output opened 48000",
  ]);
});

test("a card that is unplugged is closed, and opened again when it is back", async () => {
  const { output, seen, state } = device();
  output.start();
  await vi.advanceTimersByTimeAsync(0);
  state.missing = "gone";
  state.events?.onLost("unplugged");
  await vi.advanceTimersByTimeAsync(1_500);
  state.missing = "";
  await vi.advanceTimersByTimeAsync(1_000);
  expect(seen).toEqual([
    "output opened 48000",
    "output lost: unplugged",
    "let go",
    "device closed",
    "output unavailable: gone",
    "output opened 48000",
  ]);
});

test("what a card says that ran short is passed on", async () => {
  const { output, seen, state } = device();
  output.start();
  await vi.advanceTimersByTimeAsync(0);
  state.events?.onShort?.();
  expect(seen).toEqual(["output opened 48000", "ran short"]);
});

test("another format reopens it, the same one does not", async () => {
  const { output, seen } = device();
  output.start();
  await vi.advanceTimersByTimeAsync(0);
  output.want({ ...STEREO });
  await vi.advanceTimersByTimeAsync(5_000);
  expect(seen).toEqual(["output opened 48000"]);
  output.want({ rateHz: 44_100, channels: 2 });
  await vi.advanceTimersByTimeAsync(0);
  expect(seen.slice(1)).toEqual(["let go", "device closed", "output opened 44100"]);
});

test("a format that is wanted while the device opens is not forgotten", async () => {
  const { output, seen } = device();
  output.start();
  output.want({ rateHz: 44_100, channels: 2 });
  await vi.advanceTimersByTimeAsync(0);
  expect(seen.at(-1)).toBe("output opened 44100");
});

test("closing frees the device, also while waiting for one", async () => {
  const there = device();
  there.output.start();
  await vi.advanceTimersByTimeAsync(0);
  await there.output.close();
  expect(there.seen).toEqual(["output opened 48000", "let go", "device closed"]);
  const missing = device();
  missing.state.missing = "gone";
  missing.output.start();
  await vi.advanceTimersByTimeAsync(0);
  await missing.output.close();
  expect(missing.seen).toEqual(["output unavailable: gone"]);
});

test("a card that rests is closed, and opened again when there is something to play", async () => {
  const { output, seen } = device();
  output.start();
  await vi.advanceTimersByTimeAsync(0);
  output.rest();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(seen).toEqual(["output opened 48000", "let go", "device closed", "output released"]);
  output.want({ rateHz: 44_100, channels: 2 });
  await vi.advanceTimersByTimeAsync(5_000);
  expect(seen).toHaveLength(4);
  expect(output.resume()).toBe(true);
  expect(output.resume()).toBe(false);
  await vi.advanceTimersByTimeAsync(0);
  expect(seen.at(-1)).toBe("output opened 44100");
});

test("a rest while the card is being opened is not forgotten, nor is its end while it is closed", async () => {
  const { output, seen } = device();
  output.start();
  output.rest();
  await vi.advanceTimersByTimeAsync(0);
  expect(seen.at(-1)).toBe("output released");
  output.resume();
  await vi.advanceTimersByTimeAsync(0);
  output.rest();
  output.resume();
  await vi.advanceTimersByTimeAsync(0);
  expect(seen.at(-1)).toBe("output opened 48000");
  await output.close();
  expect(seen.at(-1)).toBe("device closed");
});
