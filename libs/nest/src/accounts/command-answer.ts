import { Count, Links } from '../document/fields.js';

/** What was asked for is in the log; everything that follows happens automatically. */
export class CommandAnswer {
  @Count(1842, 'Pass it to a query to see at least this.')
  position!: number;

  @Links({ account: '/api/v1/accounts/7700000000000001' })
  links!: { account: string };
}
