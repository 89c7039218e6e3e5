import { z } from "zod";
import { ProtocolError } from "../errors.ts";

const Count = z.int().min(0);
const Span = z.number().min(0);

/**
 * How well a client plays, by its own account: what it sends, and what is shown of it. What a client does
 * not know (yet) is left out, never guessed. Counts are since the client's start and only grow. Keys
 * of newer clients are passed over; a key, once here, keeps its meaning.
 */
export const ClientStats = z.object({
  /** Whether sound of the stream reaches the output. */
  playing: z.boolean(),
  /** Whether the server's clock is known well enough to place sound. */
  synchronised: z.boolean(),
  /** How late that is heard which is heard now, positive when behind. */
  syncErrorUs: z.number().optional(),
  /**
   * How far off `syncErrorUs` is, 19 times of 20, if the ways to the server and back are alike, as on a wire
   * they are: three deviations by the client's own estimate. More answers make it less.
   */
  syncErrorUncertaintyUs: Span.optional(),
  /** How far the truth may be from `syncErrorUs`, either way, however the round trip is shared by the two ways. */
  syncErrorBoundUs: Span.optional(),
  /** The server's clock less the client's. */
  offsetUs: z.number().optional(),
  offsetBoundUs: Span.optional(),
  /** How much faster than the client's the server's clock runs. */
  driftPpm: z.number().optional(),
  /** Least time of a question about the time and its answer under way. */
  roundTripUs: Span.optional(),
  /** How it asks for the time: in the stream's own connection, or in datagrams. */
  timeWay: z.enum(["stream", "datagram"]),
  /** Received and still to be heard. */
  bufferedMs: Span,
  /** Of that, rendered and waiting for the card. */
  queuedMs: Span.optional(),
  /** From the card's taking a frame to its being heard, as measured. */
  deviceDelayMs: z.number().optional(),
  /** How much faster than the server's clock the card runs. */
  cardPpm: z.number().optional(),
  /** Whether the thread that feeds the card runs in real time. */
  realtime: z.boolean().optional(),
  /** How much faster than the clocks ask for it plays, to work off what is left. */
  correctionPpm: z.number(),
  receivedChunks: Count,
  /** Came after their moment. */
  lateChunks: Count,
  /** Came twice. */
  duplicateChunks: Count,
  /** Left out between two that came: dropped under way, or a short gap of the source. */
  lostChunks: Count,
  /** Of those, made up for by what the codec makes of the sound before. */
  concealedChunks: Count.optional(),
  /** Times the sound broke off because nothing had come to be played. */
  underruns: Count,
  /** Times the card got silence because this client was late with what had come. */
  cardUnderruns: Count.optional(),
  /** Times the place in the programme was set anew, with a fade. */
  jumps: Count,
  /** Whether its sound card, or what stands for it, is open. */
  outputOpen: z.boolean().optional(),
  /** Place of this server among several that the client was given; 1 is the wanted one. */
  serverRank: z.int().min(1).optional(),
  /** What of its machine music suffers from, each with what to do. */
  hints: z.array(z.string().max(300)).max(8).optional(),
  rssMb: Span.optional(),
  /** Of one core, over the time since the last report. */
  cpuPercent: Span.optional(),
  uptimeSeconds: Span.optional(),
});
export type ClientStats = z.infer<typeof ClientStats>;

/** What a report says. Throws ProtocolError when it lacks what every client knows, or has a value that cannot be. */
export function parseClientStats(unchecked: Readonly<Record<string, unknown>>): ClientStats {
  const { data, error } = ClientStats.safeParse(unchecked);
  if (data) return data;
  const [issue] = error.issues;
  throw new ProtocolError(`client stats: ${issue?.path.join(".")}: ${issue?.message}`);
}

/** A client's last report as the server shows it. */
export const ReportedStats = ClientStats.extend({
  /** Since it was received. A client that plays reports once a second, an idle one every five. */
  ageMs: Count,
  /** From recording to hearing, as its group's members want it or else as its stream is set. (ms) */
  playOutMs: Span.optional(),
  /** In which coding the server sends it the stream now, as a configuration names it. */
  coding: z.string().optional(),
  /** The best and the least that it may get of its stream, and why it gets just this. */
  codingMax: z.string().optional(),
  codingMin: z.string().optional(),
  codingReason: z.string().optional(),
});
export type ReportedStats = z.infer<typeof ReportedStats>;
