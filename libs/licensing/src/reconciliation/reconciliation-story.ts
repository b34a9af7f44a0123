import type { Envelope, Story } from '@seatbook/kernel';
import { assetsIn, type Subjects } from '../subjects.js';
import { count, countOf, failed, were, type StoryContext } from '../wording.js';
import type { ReconciliationEvent } from './reconciliation-events.js';

export const reconciliationSubjects = ({ type, data }: Envelope<ReconciliationEvent>): Subjects => ({
  uId: data.uId,
  // The event that ends a read of totals counts them.
  assets: type === 'reconciliation.totals-completed' ? [] : assetsIn(data),
});

export const reconciliationStory: Story<ReconciliationEvent, StoryContext> = {
  'reconciliation.first-read-started': () => 'The first full read of the location started.',
  'reconciliation.totals-requested': ({ data }) => `A read of the totals was requested: ${data.reason}.`,
  'reconciliation.assets-read': ({ data: { assets } }) =>
    `${count(assets.length, 'asset was', 'assets were')} read from Apple.`,
  'reconciliation.asset-awaited': ({ data }, { assetName }) =>
    `An order waits for ${assetName(data.uId, data)}, which has not been found in the location yet.`,
  'reconciliation.assets-unlisted': ({ data: { assets } }) =>
    `The location does not own ${count(assets.length, 'asset that an order waits', 'assets that orders wait')} for.`,
  'reconciliation.totals-completed': ({ data }) =>
    `All totals were read: ${count(data.assets, 'asset')}, ${data.changed.toLocaleString('en')} of them changed.`,
  'reconciliation.assignments-read': ({ data }, { assetName }) =>
    `${countOf(data, 'assignment')} of ${assetName(data.uId, data)} ${were(data)} read from Apple.`,
  'reconciliation.walk-completed': ({ data }, { assetName }) =>
    `All assignments of ${assetName(data.uId, data)} were read: ${data.count.toLocaleString('en')}.`,
  'reconciliation.adoptions-missing': ({ data }, { assetName }) =>
    `${countOf(data, 'adopted licence')} of ${assetName(data.uId, data)} ${were(data)} not found at Apple again.`,
  'reconciliation.walk-queued': ({ data }, { assetName }) =>
    `Others have taken licences of ${assetName(data.uId, data)}: who has them is read.`,
  'reconciliation.users-read': ({ data }) =>
    `${count(data.count, 'person', 'people')} known to Apple ${data.count === 1 ? 'was' : 'were'} read.`,
  'reconciliation.first-read-completed': () => 'The first full read of the location is complete.',
  'reconciliation.read-failed': ({ data }) => failed('Reading from Apple', data),
  'reconciliation.held': () => 'Reading from Apple is held with the work of the account.',
  'reconciliation.metadata-read': ({ data: { found } }) =>
    `${count(found.length, 'name was', 'names were')} looked up in the store.`,
  'reconciliation.metadata-failed': ({ data }) => failed('Looking up names in the store', data),
};
