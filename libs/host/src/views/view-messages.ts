import type { Position } from '@seatbook/kernel';
import type { ModelStatus, ProcessorLimits } from '@seatbook/runtime';

/** What a thread of read models is started with. */
export interface ViewsThreadData {
  readonly folder: string;
  /** That of the models that it builds. */
  readonly file: string;
  readonly limits: ProcessorLimits;
  readonly epochs: Epochs;
}

/** In which epoch the process builds each read model, by its name; null while another process does. */
export type Epochs = Readonly<Record<string, number | null>>;

export type ToViewsThread =
  | { readonly kind: 'ring'; readonly position: Position }
  | { readonly kind: 'epochs'; readonly epochs: Epochs }
  | { readonly kind: 'stop' };

export type FromViewsThread =
  | { readonly kind: 'started'; readonly status: readonly ModelStatus[] }
  | { readonly kind: 'advanced'; readonly model: string; readonly position: Position }
  | { readonly kind: 'log'; readonly message: string; readonly facts: object }
  | { readonly kind: 'status'; readonly status: readonly ModelStatus[] }
  | { readonly kind: 'damaged'; readonly reason: string };
