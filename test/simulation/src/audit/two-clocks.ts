import { effectiveAt, idOf, type Envelope } from '@seatbook/kernel';
import type { AppleEventEvent, AssetEvent } from '@seatbook/licensing';

type Audited = Envelope & (AssetEvent | AppleEventEvent);

/** When something happened is what Apple's side said of it, however late it was recorded, and by whatever clock. */
export function auditTwoClocks(log: readonly Envelope[]): string[] {
  const wrong: string[] = [];
  const heard = new Map<string, number>();
  const settled = new Map<string, number>();
  for (const event of log as readonly Audited[]) {
    const { stream, type, position, metadata } = event;
    const expected = happenedAt(event, settled);
    if (expected !== null && effectiveAt(metadata) !== expected)
      wrong.push(
        `${stream}, ${type} at ${position}: it happened at ${effectiveAt(metadata)}, not ${expected}`,
      );
    if (expected === null && metadata.occurredAt !== undefined && !(type as string).startsWith('call.'))
      wrong.push(`${stream}, ${type} at ${position}: nothing says when it happened elsewhere`);
    if (type === 'appleEvent.notification-received') heard.set(stream, metadata.recordedAt);
    if (type === 'appleEvent.completed') {
      const word = event.data.by === 'status' ? metadata.recordedAt : heard.get(stream);
      if (event.data.heardAt !== word)
        wrong.push(`${stream}: Apple was heard of at ${word}, not at ${event.data.heardAt}`);
    }
    if ((type as string) === 'call.settled') settled.set(idOf(stream), effectiveAt(metadata));
  }
  return wrong;
}

/** Null for what does not happen elsewhere. */
function happenedAt(event: Audited, settled: ReadonlyMap<string, number>): number | null {
  const { type, data, metadata } = event;
  switch (type) {
    case 'asset.totals-read':
      return data.readAt;
    case 'asset.count-changed':
    case 'asset.drift-found':
      return data.to;
    case 'asset.licenses-assigned':
    case 'asset.licenses-returned':
    case 'asset.licenses-failed':
    case 'asset.found-short':
      return (data.callId === null ? undefined : settled.get(data.callId)) ?? effectiveAt(metadata);
    case 'asset.assignments-adopted':
    case 'asset.adoption-corrected':
      return effectiveAt(metadata);
    default:
      return null;
  }
}
