import { listAssets } from './asset-list.js';
import { associateAssets, disassociateAssets, revokeAssets } from './asset-writes.js';
import { listAssignments } from './assignment-list.js';
import { readClientConfig, writeClientConfig } from './client-config.js';
import { eventStatus } from './event-status.js';
import { listUsers } from './user-list.js';
import { createUsers, retireUsers, updateUsers } from './user-writes.js';
import type { Answer, Visit } from './world.js';

export interface Endpoint {
  readonly run: (visit: Visit) => Answer | Promise<Answer>;
  readonly paged: boolean;
  /** What a read-only token may do: everywhere, only in the lenient reading, nowhere. */
  readonly readOnly: 'yes' | 'lenient' | 'no';
}

type Methods = Readonly<Record<string, Endpoint>>;

const page = (run: Endpoint['run']): Endpoint => ({ run, paged: true, readOnly: 'yes' });
const read = (run: Endpoint['run']): Endpoint => ({ run, paged: false, readOnly: 'lenient' });
const write = (run: Endpoint['run']): Endpoint => ({ run, paged: false, readOnly: 'no' });

/** The endpoints under `/mdm/v2` that need a token, by path and method. */
export const endpoints: ReadonlyMap<string, Methods> = new Map<string, Methods>([
  ['/client/config', { GET: read(readClientConfig), POST: write(writeClientConfig) }],
  ['/assets', { GET: page(listAssets) }],
  ['/assets/associate', { POST: write(associateAssets) }],
  ['/assets/disassociate', { POST: write(disassociateAssets) }],
  ['/assets/revoke', { POST: write(revokeAssets) }],
  ['/assignments', { GET: page(listAssignments) }],
  ['/users', { GET: page(listUsers) }],
  ['/users/create', { POST: write(createUsers) }],
  ['/users/update', { POST: write(updateUsers) }],
  ['/users/retire', { POST: write(retireUsers) }],
  ['/status', { GET: read(eventStatus) }],
]);
