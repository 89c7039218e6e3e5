import { expect, test } from "vitest";
import { cardNamed, parseAlsaCards } from "./alsa-cards.ts";

const text = ` 0 [vc4hdmi        ]: vc4-hdmi - vc4-hdmi
                      vc4-hdmi
 1 [sndrpihifiberry]: RPi-simple - snd_rpi_hifiberry_dac
                      snd_rpi_hifiberry_dac
12 [Device         ]: USB-Audio - USB Audio Device
                      C-Media Electronics Inc. USB Audio Device at usb-3f980000.usb-1.2, full speed
`;

const cards = parseAlsaCards(text);

test("the kernel's list of cards", () => {
  expect(cards).toEqual([
    { index: 0, id: "vc4hdmi" },
    { index: 1, id: "sndrpihifiberry" },
    { index: 12, id: "Device" },
  ]);
  expect(parseAlsaCards("--- no soundcards ---\n")).toEqual([]);
  expect(parseAlsaCards("")).toEqual([]);
});

test.each([
  ["hw:CARD=sndrpihifiberry", { card: 1, device: 0 }],
  ["hw:CARD=sndrpihifiberry,DEV=2", { card: 1, device: 2 }],
  ["hw:Device,1", { card: 12, device: 1 }],
  ["hw:12", { card: 12, device: 0 }],
  ["hw:1,3", { card: 1, device: 3 }],
  ["hw:CARD=other", undefined],
  ["plughw:1", undefined],
  ["default", undefined],
  ["hw:", undefined],
])("%s", (name, place) => {
  expect(cardNamed(name, cards)).toEqual(place);
});
