import { categoryOf, type Envelope, type Story } from '@seatbook/kernel';
import type { AccountEvent } from '../account/account-events.js';
import { accountStory, accountSubjects } from '../account/account-story.js';
import type { CallEvent } from '../apple-call/call-events.js';
import { callStory, callSubjects } from '../apple-call/call-story.js';
import type { AppleEventEvent } from '../apple-event/apple-event-events.js';
import { appleEventStory, appleEventSubjects } from '../apple-event/apple-event-story.js';
import type { AssetEvent } from '../asset/asset-events.js';
import { assetStory, assetSubjects } from '../asset/asset-story.js';
import type { ImportEvent } from '../import/import-events.js';
import { importStory, importSubjects } from '../import/import-story.js';
import type { NotificationEvent } from '../notification/notification-events.js';
import { notificationStory, notificationSubjects } from '../notification/notification-story.js';
import type { OrderEvent } from '../order/order-events.js';
import { orderStory, orderSubjects } from '../order/order-story.js';
import type { ReconciliationEvent } from '../reconciliation/reconciliation-events.js';
import { reconciliationStory, reconciliationSubjects } from '../reconciliation/reconciliation-story.js';
import { timelinesFor, type Subjects } from '../subjects.js';
import type { StoryContext } from '../wording.js';

/** Everything that can happen. */
export type LicensingEvent =
  | ImportEvent
  | AccountEvent
  | AssetEvent
  | OrderEvent
  | CallEvent
  | AppleEventEvent
  | NotificationEvent
  | ReconciliationEvent;

const story: Story<LicensingEvent, StoryContext> = {
  ...importStory,
  ...accountStory,
  ...assetStory,
  ...orderStory,
  ...callStory,
  ...appleEventStory,
  ...notificationStory,
  ...reconciliationStory,
};

const subjects = {
  import: importSubjects,
  account: accountSubjects,
  asset: assetSubjects,
  order: orderSubjects,
  appleCall: callSubjects,
  appleEvent: appleEventSubjects,
  appleNotification: notificationSubjects,
  reconciliation: reconciliationSubjects,
};

// Below, each function is given only events of its own type, which the compiler cannot see in a lookup by name.
const sentences = story as unknown as Readonly<
  Record<string, ((event: Envelope, context: StoryContext) => string) | undefined>
>;
const subjectsIn = subjects as unknown as Readonly<
  Record<string, ((event: Envelope) => Subjects | null) | undefined>
>;

/** What happened, in one sentence for people. */
export const storyOf = (event: Envelope, context: StoryContext): string =>
  sentences[event.type]?.(event, context) ?? event.type;

/** Whom and what an event is about; null where that is not known, and for an event of another product. */
export const subjectsOf = (event: Envelope): Subjects | null =>
  subjectsIn[categoryOf(event.stream)]?.(event) ?? null;

/** The timelines that an event belongs to: those of its account, asset, order and holders. */
export function timelinesOf(event: Envelope): string[] {
  const found = subjectsOf(event);
  return found ? timelinesFor(found) : [];
}
