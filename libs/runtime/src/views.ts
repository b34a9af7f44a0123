import { latest, START, type Clock, type Milliseconds, type Position } from '@seatbook/kernel';
import type { Trouble } from './trouble.js';

/** How far one read model is, and whether it goes on. */
export interface ModelStatus {
  readonly name: string;
  readonly version: number;
  readonly position: Position;
  /** Why it has halted for good, or null. */
  readonly halted: string | null;
  /** Why it does not get on at present, or null. It keeps trying, unless it has halted. */
  readonly failure: string | null;
}

/** What the runner is called that builds a read model. */
export const builderOf = (model: string): string => `builder of ${model}`;

/** What keeps the builders of read models from their work. */
export const troublesOf = (models: readonly ModelStatus[]): readonly Trouble[] =>
  models.flatMap(({ name, halted, failure }) => {
    const reason = halted ?? failure;
    return reason === null ? [] : { runner: builderOf(name), reason, halted: halted !== null };
  });

/** The read models as their readers see them, wherever they are built. */
export interface Views {
  start(): Promise<void>;
  stop(): Promise<void>;
  position(model: string): Position;
  status(): readonly ModelStatus[];
  /** Called after each commit of a model. Returns an unsubscribe function. */
  onAdvance(listener: (model: string, position: Position) => void): () => void;
}

/** Waits until a model reflects a position. False when `timeoutMs` passed first. */
export function reached(
  views: Views,
  model: string,
  position: Position,
  clock: Clock,
  timeoutMs: Milliseconds,
): Promise<boolean> {
  if (views.position(model) >= position) return Promise.resolve(true);
  return new Promise((resolve) => {
    const settle = (answer: boolean): void => {
      cancel();
      unsubscribe();
      resolve(answer);
    };
    const unsubscribe = views.onAdvance((name, at) => {
      if (name === model && at >= position) settle(true);
    });
    const cancel = clock.after(timeoutMs, () => settle(false));
  });
}

/** Several builders seen as one. */
export function joinViews(parts: readonly Views[]): Views {
  return {
    async start() {
      await Promise.all(parts.map((part) => part.start()));
    },
    async stop() {
      await Promise.all(parts.map((part) => part.stop()));
    },
    position: (model) => latest(START, ...parts.map((part) => part.position(model))),
    status: () => parts.flatMap((part) => part.status()),
    onAdvance(listener) {
      const stops = parts.map((part) => part.onAdvance(listener));
      return () => stops.forEach((stop) => stop());
    },
  };
}
