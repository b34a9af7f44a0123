import { causeOf, type Command, type Position, type Reaction } from '@seatbook/kernel';
import { following, type CommandContext } from './command-context.js';
import { readable, type LoggedEvent } from './event-log.js';
import type { ParkedWork } from './progress.js';

/** A command of a reaction on its way. */
export interface Message {
  readonly reaction: string;
  readonly stream: string;
  readonly command: Command;
  readonly context: CommandContext;
  /** Position of the event that it follows from, and its number among all that follows from that event. */
  readonly source: Position;
  readonly index: number;
}

export function handlersOf(reactions: readonly Reaction[]): ReadonlyMap<string, readonly Reaction[]> {
  const handlers = new Map<string, Reaction[]>();
  for (const reaction of reactions)
    for (const type of reaction.handles) handlers.set(type, [...(handlers.get(type) ?? []), reaction]);
  return handlers;
}

/**
 * What follows from an event. A command's id is made of the event, the reaction and the number of the command among
 * those of that reaction for the same stream: sent again it is recognised there.
 */
export function messagesOf(
  event: LoggedEvent,
  handlers: ReadonlyMap<string, readonly Reaction[]>,
): readonly Message[] {
  const reactions = handlers.get(event.type);
  if (!reactions) return [];
  const cause = causeOf(event);
  const { principal } = event.metadata;
  const messages: Message[] = [];
  for (const reaction of reactions) {
    const { name } = reaction;
    const sent = new Map<string, number>();
    for (const { stream, command, occurredAt } of reaction.react(readable(event))) {
      const number = sent.get(stream) ?? 0;
      sent.set(stream, number + 1);
      const context = {
        ...following(cause, { commandId: `${event.id}/${name}/${number}`, principal }),
        ...(occurredAt === undefined ? {} : { occurredAt }),
      };
      const index = messages.length;
      messages.push({ reaction: name, stream, command, context, source: event.position, index });
    }
  }
  return messages;
}

/** A message as it is parked. Without a reason it was not tried: it waits behind other parked work of its stream. */
export const parkedOf = (
  message: Message,
  reason: string | null,
  attempts: number,
): Omit<ParkedWork, 'parkedAt'> => ({
  id: `${message.stream}/${message.context.commandId}`,
  kind: 'reaction',
  stream: message.stream,
  name: message.reaction,
  payload: JSON.stringify(message),
  reason,
  attempts,
  source: message.source,
  index: message.index,
});
