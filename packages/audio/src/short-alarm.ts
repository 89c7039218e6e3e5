import { Socket } from "node:net";
import type { AudioStream } from "naudiodon";
import type { DeviceEvents } from "./core/port.ts";

/** Tells each time that a stream's ring or its device ran short, until the stream is closed. Keeps no process alive. */
export function listenForShort(
  stream: Pick<AudioStream, "alarm">,
  { onShort }: DeviceEvents,
): void {
  const alarm = onShort ? stream.alarm() : -1;
  if (alarm < 0) return;
  const pipe = new Socket({ fd: alarm, readable: true, writable: false });
  pipe.on("data", () => onShort?.());
  pipe.unref();
}
