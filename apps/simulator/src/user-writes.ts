import { Refusal } from './apple-errors.js';
import { userTarget } from './asset.js';
import { EventFailures } from './event-failures.js';
import type { AppleEvent, EventWork } from './event-queue.js';
import type { Location } from './location.js';
import type { NotificationDraft } from './notifier.js';
import { resultOf } from './asset-outcome.js';
import { anyText, list, object, optional, text } from './shape.js';
import { type User, userBody } from './user.js';
import type { Answer, Visit, World } from './world.js';

type UserOperation = 'CREATE' | 'UPDATE' | 'RETIRE';

interface UserRequest {
  clientUserId: string;
  email?: string | undefined;
  managedAppleId?: string | undefined;
}

const requestShape = object(
  {
    users: optional(
      list(object({ clientUserId: text, email: optional(anyText), managedAppleId: optional(text) }, 'open')),
    ),
  },
  'open',
);

/** POST users/create. */
export async function createUsers(visit: Visit): Promise<Answer> {
  return manageUsers(visit, 'CREATE');
}

/** POST users/update. */
export async function updateUsers(visit: Visit): Promise<Answer> {
  return manageUsers(visit, 'UPDATE');
}

/** POST users/retire. */
export async function retireUsers(visit: Visit): Promise<Answer> {
  return manageUsers(visit, 'RETIRE');
}

async function manageUsers(visit: Visit, operation: UserOperation): Promise<Answer> {
  const { world, location } = visit;
  const { users = [] } = requestShape(visit.body, '');
  if (users.length === 0) throw new Refusal(9720);
  if (users.length > world.faults.limits.maxUsers) throw new Refusal(9714);
  const ids = users.map(({ clientUserId }) => clientUserId);
  const repeated = ids.filter((id, index) => ids.indexOf(id) !== index);
  if (repeated.length > 0) throw new Refusal(9715, { clientUserIds: [...new Set(repeated)] });
  const badEmail = users.filter(
    ({ email }) => email !== undefined && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email),
  );
  if (badEmail.length > 0) {
    throw new Refusal(9717, { clientUserIds: badEmail.map(({ clientUserId }) => clientUserId) });
  }
  const event: AppleEvent = {
    eventId: world.ids.uuid(),
    number: world.events.nextNumber(),
    type: operation,
    location,
    status: 'PENDING',
    numRequested: users.length,
    numCompleted: 0,
    failures: new EventFailures(world.faults.statusGrouping, 0),
  };
  await world.events.accept(event, userWork(world, event, operation, users), visit.applied);
  return { eventId: event.eventId };
}

function* userWork(
  world: World,
  event: AppleEvent,
  operation: UserOperation,
  requests: readonly UserRequest[],
): EventWork {
  const { location } = event;
  const done: Answer[] = [];
  const failed = new Map<number, Answer[]>();
  for (const request of requests) {
    const result = perform(world, location, operation, request);
    if (typeof result === 'number') {
      world.traffic.failedPair(result);
      event.failures.add(result, null, { serialNumber: null, clientUserId: request.clientUserId });
      const email = request.email === undefined ? {} : { email: request.email };
      failed.set(result, [...(failed.get(result) ?? []), { clientUserId: request.clientUserId, ...email }]);
    } else {
      event.numCompleted += 1;
      // Unlike GET users, the notification about a retired user still carries the code.
      const inviteCode = operation === 'RETIRE' ? { inviteCode: result.inviteCode } : {};
      done.push({ ...userBody(result), ...inviteCode });
    }
  }
  yield requests.length;
  const { chunkSize } = world.faults.notifications;
  return [
    ...userDrafts(event, chunkSize, done, null),
    ...[...failed].flatMap(([errorNumber, users]) => userDrafts(event, chunkSize, users, errorNumber)),
  ];
}

function userDrafts(
  event: AppleEvent,
  chunkSize: number,
  users: readonly Answer[],
  errorNumber: number | null,
): NotificationDraft[] {
  const drafts: NotificationDraft[] = [];
  for (let from = 0; from < users.length; from += chunkSize) {
    drafts.push({
      type: 'USER_MANAGEMENT',
      body: () => ({
        eventId: event.eventId,
        type: event.type,
        ...resultOf(errorNumber),
        users: users.slice(from, from + chunkSize),
      }),
    });
  }
  return drafts;
}

/** Returns the user as it is afterwards, or the error number. */
function perform(
  world: World,
  location: Location,
  operation: UserOperation,
  request: UserRequest,
): User | number {
  const present = location.users.find(request.clientUserId);
  if (operation === 'CREATE' && present !== undefined) return 9716;
  if (operation !== 'CREATE' && present === undefined) return 9609;
  if (operation === 'RETIRE' && present !== undefined) {
    retire(world, location, present);
    return present;
  }
  const { email, managedAppleId } = request;
  if (managedAppleId !== undefined) {
    const error = accountError(location, managedAppleId, present);
    if (error !== null) return error;
  }
  const user = present ?? location.users.create(request.clientUserId, email, world.ids.hex(32));
  if (email !== undefined && user.email !== email) location.users.setEmail(user, email);
  if (managedAppleId !== undefined) location.users.linkManaged(user, managedAppleId);
  return user;
}

/** 9635 for another organisation's account, 9641 for one that another user has; null if it can be linked. */
function accountError(location: Location, managedAppleId: string, user: User | undefined): number | null {
  const domain = managedAppleId.split('@')[1]?.toLowerCase();
  if (domain === undefined) return 9635;
  if (location.managedDomains !== null && !location.managedDomains.includes(domain)) return 9635;
  const holder = location.users.holderOf(managedAppleId);
  return holder === undefined || holder === user ? null : 9641;
}

/** Apple retires a user; whether the licences go back is a fault's switch. */
export function retire(world: World, location: Location, user: User): void {
  const target = userTarget(user);
  if (world.faults.retireFreesLicenses) {
    const revocable = location.heldBy(target).filter((asset) => asset.facts.revocable);
    if (revocable.length > 0) location.changeAssignments();
    for (const asset of revocable) asset.release(target);
  }
  location.users.retire(user);
}
