import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { HouseAtTest, SERVERS } from "../harness/house-at-test.ts";
import type { Document } from "../harness/remote.ts";

/**
 * PipeWire's module-snapcast-discover: finds the control port by mDNS (test/e2e/discovery.test.ts has the names),
 * writes three calls at once, and reads answers only to throw them away. It keeps the connection.
 */
describe.each(SERVERS)("%s", (_, start) => {
  let house: HouseAtTest;
  beforeAll(async () => {
    house = await HouseAtTest.open(start, ["a"]);
  });
  afterAll(() => house?.close());

  test("gets an answer to each of its calls, in order, and is not cut off", async () => {
    const source =
      "tcp://127.0.0.1:4711?name=PipeWire-desk&mode=client&sampleformat=48000:16:2&codec=pcm&chunk_ms=20";
    const calls = [
      '{"id":0,"jsonrpc": "2.0","method":"Server.GetRPCVersion"}',
      '{"id":1,"jsonrpc":"2.0","method":"Stream.RemoveStream","params":{"id":"PipeWire-desk"}}',
      `{"id":2,"jsonrpc":"2.0","method":"Stream.AddStream","params":{"streamUri":"${source}"}}`,
    ];
    const remote = await house.overTcp();
    remote.sendText(calls.join("\r\n"));
    await remote.received.first((each) => (each as Document).id === 2);
    const answers = remote.received.all as Document[];
    expect(answers.map(({ id }) => id)).toEqual([0, 1, 2]);
    expect(answers[0]?.result).toMatchObject({ major: expect.any(Number) });
    // Neither has adding switched on: what counts is that the refusal is one, and says why.
    for (const { error } of answers.slice(1)) {
      expect(error).toMatchObject({ code: expect.any(Number), message: expect.any(String) });
    }
    await remote.ask("Server.GetRPCVersion");
  });

  test("may go in the middle of it", async () => {
    const socket = connect({ host: "127.0.0.1", port: house.server.controlPort });
    await new Promise((resolve) => socket.once("connect", resolve));
    socket.write('{"id":0,"jsonrpc": "2.0","method":"Server.GetRPCV');
    socket.destroy();
    expect((await house.status()).groups).toHaveLength(1);
  });
});
