/** An event as the API shows it in the history. */
export interface LoggedEvent {
  readonly stream: string;
  readonly type: string;
  readonly position: number;
  readonly metadata: { readonly recordedAt: string | number };
}

/** How many calls were started and not yet answered at a moment, according to our log. */
export function openAttempts(events: readonly LoggedEvent[]): (at: number) => number {
  const spans = new Map<string, { from: number; to: number }[]>();
  for (const { stream, type, metadata } of events) {
    if (!stream.startsWith('appleCall-')) continue;
    const at = Number(new Date(metadata.recordedAt));
    const own = spans.get(stream) ?? [];
    spans.set(stream, own);
    const last = own.at(-1);
    if (type === 'call.started') own.push({ from: at, to: Infinity });
    else if (last) last.to = Math.min(last.to, at);
  }
  // An attempt that was never answered ends when the next one starts.
  for (const own of spans.values())
    own.forEach((span, index) => (span.to = Math.min(span.to, own[index + 1]?.from ?? Infinity)));
  const all = [...spans.values()].flat();
  return (at) => all.filter(({ from, to }) => from <= at && at <= to).length;
}
