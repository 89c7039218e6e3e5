import { EXIT_FAILED, EXIT_UNAVAILABLE, EXIT_USAGE } from "./exit-codes.ts";
import { remark } from "./print.ts";

/** A reason to end, said to the person at the terminal in one message and without a stack. */
export class Failure extends Error {
  override name = "Failure";
  readonly exitCode: number;

  constructor(message: string, exitCode: number = EXIT_FAILED, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.exitCode = exitCode;
  }
}

/** What was typed means nothing. */
export function misuse(message: string): Failure {
  return new Failure(message, EXIT_USAGE);
}

/** No server answers. */
export function unavailable(message: string): Failure {
  return new Failure(message, EXIT_UNAVAILABLE);
}

/** Runs a verb; a Failure becomes its message and exit code, all else is a mistake of ours. */
export async function explained(run: () => Promise<void> | void): Promise<void> {
  // Whoever read our output, like `head`, has enough.
  process.stdout.once("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(0);
  });
  try {
    await run();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    remark(`tutti: ${error.message}`);
    process.exitCode = error.exitCode;
  }
}
