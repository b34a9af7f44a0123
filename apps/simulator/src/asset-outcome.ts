import { type AssetName, messageOf } from './apple-errors.js';
import type { EventType } from './event-queue.js';
import type { NotificationDraft } from './notifier.js';
import type { NamedTarget } from './pair-rules.js';

/**
 * What became of the pairs of one asset in an event, cut into notifications: each names pairs of this asset only,
 * a limited number of them, and either success or one error.
 */
export class AssetOutcome {
  private readonly done: NamedTarget[] = [];
  private readonly failed = new Map<number, NamedTarget[]>();

  constructor(
    private readonly eventId: string,
    private readonly type: EventType,
    private readonly asset: AssetName,
  ) {}

  succeed(target: NamedTarget): void {
    this.done.push(target);
  }

  fail(target: NamedTarget, errorNumber: number): void {
    const targets = this.failed.get(errorNumber);
    if (targets === undefined) this.failed.set(errorNumber, [target]);
    else targets.push(target);
  }

  /** The notifications, each of at most `chunkSize` pairs. */
  drafts(chunkSize: number): NotificationDraft[] {
    return [
      ...this.chunks(this.done, chunkSize, null),
      ...[...this.failed].flatMap(([errorNumber, targets]) => this.chunks(targets, chunkSize, errorNumber)),
    ];
  }

  private chunks(
    targets: readonly NamedTarget[],
    chunkSize: number,
    errorNumber: number | null,
  ): NotificationDraft[] {
    const drafts: NotificationDraft[] = [];
    for (let from = 0; from < targets.length; from += chunkSize) {
      drafts.push({
        type: 'ASSET_MANAGEMENT',
        body: () => ({
          eventId: this.eventId,
          type: this.type,
          ...resultOf(errorNumber),
          assignments: targets.slice(from, from + chunkSize).map((target) => ({
            ...this.asset,
            ...(target.serialNumber === null
              ? { clientUserId: target.clientUserId }
              : { serialNumber: target.serialNumber }),
          })),
        }),
      });
    }
    return drafts;
  }
}

/** The members that distinguish success from failure in a management notification. */
export function resultOf(errorNumber: number | null): Record<string, unknown> {
  return errorNumber === null
    ? { result: 'SUCCESS' }
    : { result: 'FAILURE', error: { errorNumber, errorMessage: messageOf(errorNumber) } };
}
