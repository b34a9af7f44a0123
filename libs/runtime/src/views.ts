import type { Position } from '@seatbook/kernel';

/** How far one read model is, and whether it goes on. */
export interface ModelStatus {
  readonly name: string;
  readonly version: number;
  readonly position: Position;
  /** Why it stands still for good, or null. */
  readonly halted: string | null;
}

/** The read models as their readers see them, wherever they are built. */
export interface Views {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** New events may be there. */
  ring(): void;
  position(model: string): Position;
  status(): readonly ModelStatus[];
  /** Called after each commit of a model. Returns the way to stop it. */
  onAdvance(listener: (model: string, position: Position) => void): () => void;
}

/** Waits until a model reflects a position. False when `timeoutMs` passed first. */
export function reached(views: Views, model: string, position: Position, after: (ms: number, run: () => void) => () => void, timeoutMs: number): Promise<boolean> {
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
    const cancel = after(timeoutMs, () => settle(false));
  });
}
