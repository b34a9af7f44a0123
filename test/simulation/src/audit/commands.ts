import type { Envelope } from '@seatbook/kernel';

/** A command acts once: all that it does in a stream stands together. */
export function auditCommands(log: readonly Envelope[]): string[] {
  const wrong: string[] = [];
  const last = new Map<string, string>();
  const seen = new Set<string>();
  for (const { stream, type, position, metadata } of log) {
    const { commandId } = metadata;
    if (last.get(stream) === commandId) continue;
    last.set(stream, commandId);
    const acted = `${stream} ${commandId}`;
    if (seen.has(acted))
      wrong.push(`${stream}, ${type} at ${position}: the command ${commandId} acted before`);
    seen.add(acted);
  }
  return wrong;
}
