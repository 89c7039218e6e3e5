import { ConfigError } from "../errors.ts";

/** Who sets how loud a client is. */
export type MixerChoice =
  /** The client itself, in the samples. */
  | { readonly kind: "software"; readonly curve?: "cubic" | "linear" | "exponential" }
  /** A control of the sound card. Without a name the first of the usual ones that it has. */
  | { readonly kind: "hardware"; readonly control: string }
  /** A program, called with `--volume 0..1 --mute true|false`. */
  | { readonly kind: "script"; readonly path: string }
  /** Nobody: the volume is shown and not applied. */
  | { readonly kind: "none" };

const ALLOWED =
  "software[:poly|:exp], hardware[:CONTROL], script:PATH from the root, or none; as Snapcast's --mixer";
/** What Snapcast takes where nobody names one. */
const USUAL_CONTROL = "PCM";
/** Snapcast's words for curves. Its exponential one spans 20 dB, ours 60. */
const CURVES = {
  "": undefined,
  poly: "cubic",
  "poly:1": "linear",
  "poly:3": "cubic",
  exp: "exponential",
} as const;

/** Reads a mixer as a configuration or Snapcast's command line names it. Throws ConfigError. */
export function parseMixer(text: string): MixerChoice {
  const [kind = "", ...others] = text.split(":");
  const rest = others.join(":");
  switch (kind) {
    case "software":
      if (Object.hasOwn(CURVES, rest)) {
        const curve = CURVES[rest as keyof typeof CURVES];
        return { kind, ...(curve && { curve }) };
      }
      throw refusal(text);
    case "hardware":
      return { kind, control: rest === "" ? USUAL_CONTROL : rest.replace(/^"(.*)"$/, "$1") };
    case "script":
      if (rest.startsWith("/")) return { kind, path: rest };
      throw refusal(text);
    case "none":
      if (rest === "") return { kind };
      throw refusal(text);
    default:
      throw refusal(text);
  }
}

function refusal(text: string): ConfigError {
  return new ConfigError(`no mixer is called "${text}"; allowed: ${ALLOWED}`);
}
