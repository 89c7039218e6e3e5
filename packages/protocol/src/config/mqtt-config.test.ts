import { expect, test } from "vitest";
import { effectiveServerConfig, runningServerConfig } from "./effective-config.ts";
import { parseBrokerUrl } from "./mqtt-config.ts";
import { parseServerConfig } from "./server-config.ts";
import { writeYaml } from "./yaml-writing.ts";

const SECRET = "7391 sesame";

function refusal(text: string): string {
  try {
    parseServerConfig({ text, fileName: "s.yaml" });
  } catch (error) {
    return (error as Error).message;
  }
  return "";
}

test("no broker is spoken to without its address; all else has a default", () => {
  expect(parseServerConfig().mqtt).toBeUndefined();
  expect(parseServerConfig({ text: "mqtt: { url: mqtt://broker }" }).mqtt).toEqual({
    url: "mqtt://broker",
    ...{ topicPrefix: "tutti", discovery: true, discoveryPrefix: "homeassistant" },
    ...{ groups: true, syncErrorEverySeconds: 15 },
  });
  expect(refusal("mqtt: {}")).toContain("mqtt.url is missing");
});

test.each([
  ["mqtts://broker.home", { secure: true, host: "broker.home", port: 8883 }],
  ["mqtt://10.0.0.7:1884/", { secure: false, host: "10.0.0.7", port: 1884 }],
  ["mqtts://[fe80::1]:1", { secure: true, host: "fe80::1", port: 1 }],
])("%s", (url, expected) => {
  expect(parseBrokerUrl(url)).toEqual(expected);
  expect(parseServerConfig({ text: `mqtt: { url: "${url}" }` }).mqtt?.url).toBe(url);
});

test.each([
  ["url: http://broker", /is not an address like/],
  ["url: mqtt://broker:70000", /is not an address like/],
  ["url: mqtt://broker/path", /is not an address like/],
  ["url: mqtt://a, topicPrefix: a/+", /topicPrefix is not made of/],
  ["url: mqtt://a, topicPrefix: a//b", /topicPrefix is not made of/],
  ["url: mqtt://a, username: x, password: y, passwordFile: /z", /one is enough/],
  ["url: mqtt://a, password: y", /a password and no username/],
  ["url: mqtt://a, caFile: /z", /is for mqtts/],
  ["url: mqtt://a, syncErrorEverySeconds: 1", /from 10 to 3600 \(s\)/],
  ["url: mqtt://a, pasword: y", /did you mean "password"/],
])("%s is refused", (keys, expected) => {
  expect(refusal(`mqtt: { ${keys} }`)).toMatch(expected);
});

test.each([
  ["a password that is a number", "mqtt:\n  url: mqtt://a\n  username: x\n  password: 7391"],
  ["a mistake beside it", `mqtt: { username: x, "password": "${SECRET}", url: 5 }`],
  ["a mistake before it", `mqtt: { urll: mqtt://a, password: ${SECRET} }`],
  ["a user in the address", "mqtt: { url: mqtt://x:7391@a }"],
])("%s: the secret is not repeated", (_, text) => {
  const told = refusal(text);
  expect(told).not.toBe("");
  expect(told).not.toContain("7391");
});

test("what would run is printed without the password, and without a broker where there is none", () => {
  const text = `mqtt: { url: mqtt://a, username: x, password: ${SECRET} }`;
  const printed = writeYaml(effectiveServerConfig({ text }).value);
  expect(printed).toMatch(/^ {2}url: mqtt:\/\/a$/m);
  expect(printed).toMatch(/^ {2}password: \(hidden\)$/m);
  expect(printed).toMatch(/^ {2}topicPrefix: tutti$/m);
  expect(printed).not.toContain("7391");
  expect(effectiveServerConfig({}).value).not.toHaveProperty("mqtt");
  const running = runningServerConfig(parseServerConfig({ text }));
  expect(running.mqtt).toMatchObject({ url: "mqtt://a", username: "x" });
  expect(JSON.stringify(running)).not.toContain("7391");
});
