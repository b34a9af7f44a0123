import { Anything, Count, CountOrNull, Part, Text, TextOrNull } from '../document/fields.js';
import { Effective, Learned } from '../reading/two-clocks.js';
import { AsOfAnswer } from '../reading/as-of.js';

export class CauseAnswer {
  @TextOrNull(
    '2f1d3c4b-0a6f-4c1e-8d7e-9b8a7c6d5e4f',
    'The event that caused this one; null at the beginning of a chain.',
  )
  eventId!: string | null;

  @CountOrNull(1840, 'Position of that event: GET /history/{position}.')
  position!: number | null;

  @TextOrNull(null, 'The command at the beginning of a chain, e.g. a request.')
  commandId!: string | null;

  @Text(
    'class-7b',
    'Shared by everything that follows from one request, up to a call to Apple that serves several orders.',
  )
  correlationId!: string;
}

export class EventReference {
  @Text('6b3c2a10-5d4e-4f6a-9b8c-7d6e5f4a3b2c')
  id!: string;

  @Count(1841, 'GET /history/{position} returns the whole event.')
  position!: number;

  @Text('asset-7700000000000001.900000001.STDQ')
  stream!: string;

  @Count(17)
  revision!: number;
}

export class TimelineRowAnswer {
  @Learned()
  at!: string;

  @Effective()
  effectiveAt!: string;

  @Text('A licence of Field Notes was assigned.', 'For people.')
  what!: string;

  @Text('asset.licenses-assigned')
  type!: string;

  @Text('apple', 'Who did it: `owner`, `apple`, or `seatbook` for what the product does on its own.')
  principal!: string;

  @TextOrNull('new class 7b', 'The reason of the event, or of its order.')
  reason!: string | null;

  @TextOrNull('owner', 'Who placed the order that it belongs to.')
  orderedBy!: string | null;

  @Part(() => CauseAnswer)
  cause!: CauseAnswer;

  @Part(() => EventReference)
  event!: EventReference;
}

export class EventAnswer {
  @Count(1841)
  position!: number;

  @Text('6b3c2a10-5d4e-4f6a-9b8c-7d6e5f4a3b2c')
  id!: string;

  @Text('asset-7700000000000001.900000001.STDQ')
  stream!: string;

  @Count(17)
  revision!: number;

  @Text('asset.licenses-assigned')
  type!: string;

  @Learned()
  at!: string;

  @Effective()
  effectiveAt!: string;

  @Anything(
    { uId: '7700000000000001', serialNumbers: ['C02XK0AAHV29'], userIds: [] },
    'In the current version of its format. Times are in milliseconds.',
  )
  data!: unknown;

  @Anything({ principal: 'apple', correlationId: 'class-7b' })
  metadata!: unknown;
}

export class EventWithPosition extends EventAnswer {
  @Part(() => AsOfAnswer)
  asOf!: AsOfAnswer;
}
