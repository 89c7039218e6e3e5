/** Where a name leads now: numeric addresses. Rejects when nobody knows. */
export type Resolve = (host: string) => Promise<readonly string[]>;

/** Whoever gives names to addresses hears of a new one late. (ms) */
const AGAIN_AFTER_MS = 500;

/**
 * Asks where a host is, again and again, one question after the other's answer, until stopped. A name that nobody knows for the moment is no
 * news.
 */
export function watchName(
  host: string,
  resolve: Resolve,
  onAddresses: (addresses: readonly string[]) => void,
): () => void {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  const ask = async (): Promise<void> => {
    const addresses = await resolve(host).catch(() => []);
    if (stopped) return;
    timer = setTimeout(() => void ask(), AGAIN_AFTER_MS);
    onAddresses(addresses);
  };
  void ask();
  return () => {
    stopped = true;
    clearTimeout(timer);
  };
}
