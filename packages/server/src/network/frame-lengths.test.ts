import {
  decodeMessage,
  encodeMessage,
  type Hello,
  type Message,
  MessageSplitter,
} from "@tutti/protocol";
import { describe, expect, test } from "vitest";
import { messagesOf, withTrueLengths } from "./frame-lengths.ts";

const hello: Hello = {
  id: "3f2a",
  instance: 1,
  mac: "00:00:00:00:00:00",
  hostName: "Küche 🎵",
  clientName: "Snapweb",
  version: "0.9.0",
  os: "X11",
  arch: "web",
  protocolVersion: 2,
};

describe("a browser's frame", () => {
  test("is understood although it counts the header in and the text in characters", () => {
    const frame = encodeMessage({ kind: "hello", ...hello });
    const view = new DataView(frame.buffer, frame.byteOffset);
    view.setUint32(22, frame.length, true);
    view.setUint32(26, view.getUint32(26, true) - 4, true);
    const understood: Message[] = [];
    new MessageSplitter().push(withTrueLengths(frame), (raw) => {
      understood.push(decodeMessage(raw));
    });
    expect(understood).toEqual([{ kind: "hello", ...hello }]);
  });

  test("may hold several messages, if their sizes fill it to the byte", () => {
    const time = encodeMessage({ kind: "time", latency: 5 as never }, { id: 7 });
    const frame = new Uint8Array([...encodeMessage({ kind: "hello", ...hello }), ...time]);
    const understood: Message[] = [];
    new MessageSplitter().push(withTrueLengths(frame), (raw) => {
      understood.push(decodeMessage(raw));
    });
    expect(understood.map(({ kind }) => kind)).toEqual(["hello", "time"]);
  });

  test("is one message where sizes lead nowhere, and read by no more than its length", () => {
    const frame = new Uint8Array(60);
    frame.fill(0xff, 22, 26);
    expect(new DataView(withTrueLengths(frame).buffer).getUint32(22, true)).toBe(60 - 26);
  });

  test("a right one stays what it is", () => {
    const frame = encodeMessage({ kind: "time", latency: 5 as never }, { id: 7 });
    expect(withTrueLengths(frame.slice())).toEqual(frame);
  });
});

test("each message of several gets a frame of its own", () => {
  const first = encodeMessage({ kind: "hello", ...hello });
  const second = encodeMessage({ kind: "time", latency: 5 as never });
  const both = new Uint8Array([...first, ...second]);
  expect(messagesOf(both)).toEqual([first, second]);
});
