import { chunksOf, messageTo, type Instant, type PlannedCommand, type Planner } from '@seatbook/kernel';
import { idOfAsset } from '../asset-id.js';
import { MAX_ENROLMENTS } from '../ports.js';
import { mdmCommandStream } from '../streams.js';
import { isAhead, type Timings } from '../timings.js';
import type { CommandedDevice } from './mdm-command-events.js';
import { wantedInstallationsModel, type WantedRow } from './wanted-installations.js';

/** What the MDM dispatcher must be told: it has no clock and makes no ids. */
export interface MdmDispatchContext {
  readonly now: Instant;
  readonly newCommandUuid: () => string;
}

/** One device of a row. */
interface Wanted extends CommandedDevice {
  readonly row: WantedRow;
}

/**
 * Plans commands to install and remove apps: devices that want the same by the same attempt share one, 50 at a time. Full ones
 * go at once, the rest when no more have come for a while. A device that is named by two rows is asked twice; the second
 * command finds it taken.
 */
export const mdmDispatcher = (timings: Timings): Planner<WantedRow, MdmDispatchContext> => ({
  name: 'mdm-dispatcher',
  reads: wantedInstallationsModel,
  index: 'by-server',
  plan(rows, { now, newCommandUuid }) {
    const groups = new Map<string, Wanted[]>();
    let wakeAt: Instant | null = null;
    const wake = (at: Instant): void => {
      wakeAt = wakeAt === null ? at : Math.min(wakeAt, at);
    };
    for (const row of rows) {
      if (isAhead(row.notBefore, now, timings.maxLookMs)) {
        wake(row.notBefore);
        continue;
      }
      const does = row.removal ? 'remove' : (row.update ?? 'install');
      const key = `${row.uId} ${idOfAsset(row.asset)} ${row.attempt} ${does}`;
      const group = groups.get(key) ?? [];
      for (const device of row.devices) group.push({ ...device, row });
      groups.set(key, group);
    }
    const commands: PlannedCommand[] = [];
    for (const group of groups.values()) {
      const dueAt = dueAtOf(group, now, timings);
      for (const some of chunksOf(onceEach(group), MAX_ENROLMENTS)) {
        if (some.length === MAX_ENROLMENTS || dueAt <= now) commands.push(planned(some, newCommandUuid()));
        else wake(dueAt);
      }
    }
    return { commands, wakeAt };
  },
});

/** When those that fill no command are planned all the same. */
function dueAtOf(
  group: readonly Wanted[],
  now: Instant,
  { rolloutQuietMs, rolloutWaitMs }: Timings,
): Instant {
  let first = Infinity;
  let last = -Infinity;
  for (const { row } of group) {
    first = Math.min(first, row.since);
    last = Math.max(last, row.since);
  }
  // Moments of a clock that was ahead are no reason to wait.
  return last > now ? now : Math.min(last + rolloutQuietMs, first + rolloutWaitMs);
}

const onceEach = (group: readonly Wanted[]): readonly Wanted[] => [
  ...new Map(group.map((wanted) => [wanted.serialNumber, wanted])).values(),
];

function planned(some: readonly Wanted[], uuid: string): PlannedCommand {
  const [{ row }] = some as [Wanted];
  const newest = some.reduce(
    (latest, wanted) => (wanted.row.since >= latest.since ? wanted.row : latest),
    row,
  );
  return {
    ...messageTo(mdmCommandStream(uuid), {
      type: 'PlanCommand',
      uId: row.uId,
      asset: row.asset,
      attempt: row.attempt,
      devices: some.map(({ serialNumber, orderId, userId }) => ({
        serialNumber,
        orderId,
        ...(userId && { userId }),
      })),
      update: row.update ?? undefined,
      removal: row.removal || undefined,
      lots: [...new Set(some.map((wanted) => wanted.row.lot))],
    }),
    cause: newest.cause,
  };
}
