import type { HttpRequest } from './exchange.js';

/**
 * Does work whose answer somebody waits for; the signal aborts when the client has left or the server is closing.
 * Not with `AbortSignal.any`: on Node 20 a signal that lasts keeps something of each one that was joined to it.
 */
export async function whileAwaited<T>(
  { raw: { socket } }: HttpRequest,
  closing: AbortSignal,
  work: (ended: AbortSignal) => Promise<T>,
): Promise<T> {
  const ended = new AbortController();
  const end = (): void => ended.abort();
  socket.once('close', end);
  closing.addEventListener('abort', end, { once: true });
  if (closing.aborted) end();
  try {
    return await work(ended.signal);
  } finally {
    socket.off('close', end);
    closing.removeEventListener('abort', end);
  }
}
