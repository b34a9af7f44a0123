import {
  Body,
  Controller,
  Get,
  HttpCode,
  Inject,
  Param,
  Post,
  Query,
  Res,
  applyDecorators,
} from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import {
  ApiAcceptedResponse,
  ApiHeader,
  ApiOperation,
  ApiProperty,
  ApiPropertyOptional,
  ApiTags,
} from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import { isoTime, numberOf, type Position } from '@seatbook/kernel';
import type { ActivationFound, Caller } from '@seatbook/application';
import { MAX_HOLDERS, type ActivationState } from '@seatbook/licensing';
import { Commands, Queries } from '../bus/messages.js';
import { ApiRefusals } from '../document/api-refusals.js';
import { Count, CountOrNull, Links, OneOf, Text, TextOrNull, Texts, TimeOrNull } from '../document/fields.js';
import { API } from '../http/api-root.js';
import { CalledBy, withReason } from '../http/caller.js';
import type { HttpReply } from '../http/exchange.js';
import { IDEMPOTENCY_KEY } from '../http/request-headers.js';
import { ID, IdList, Reason } from '../http/text-field.js';
import { ApiItems, PageQuery, itemsOf, type Items } from '../reading/page.js';
import { WantedPosition } from '../reading/wanted-position.js';

const STATES: readonly ActivationState[] = [
  'creating',
  'invited',
  'associated',
  'leaving',
  'retiring',
  'retired',
  'failed',
];

class ActivationsQuery extends PageQuery {
  @ApiPropertyOptional({ enum: STATES })
  @IsOptional()
  @IsIn(STATES)
  state?: ActivationState;
}

class PersonsBody {
  @ApiProperty({
    type: 'array',
    items: ID,
    description: 'A set of persons, by our id.',
    example: ['0191f0f6-7b1c-7c22-8d5e-3a1f0c2b4d6e'],
    minItems: 1,
    maxItems: MAX_HOLDERS,
  })
  @IdList(MAX_HOLDERS)
  userIds!: string[];

  @Reason()
  reason?: string;
}

class ActivationAnswer {
  @Text('0191f0f6-7b1c-7c22-8d5e-3a1f0c2b4d6e', 'The person, by our id.')
  userId!: string;

  @TextOrNull('Kim Example')
  name!: string | null;

  @TextOrNull('0191f0f6-7b1c-7c22-8d5e-3a1f0c2b4d6e', 'What Apple calls the person at this location.')
  clientUserId!: string | null;

  @OneOf(
    STATES,
    'invited',
    '`invited`: Apple waits for the person to accept. `leaving`: what the person holds goes back first.',
  )
  state!: string;

  @TimeOrNull('When it became so.')
  since!: string | null;

  @TextOrNull('5c1d2e3f', 'While the person is invited. Whoever has it can accept: keep it secret.')
  inviteCode!: string | null;

  @CountOrNull(null, 'Number of the error for which Apple refused it; null where it has not.')
  errorNumber!: number | null;

  @TextOrNull(null, 'Why Apple refused it.')
  error!: string | null;

  @Texts([], 'Other persons who use the same Apple Account: Apple gives the licence of one of them only.')
  sharedWith!: readonly string[];
}

const activationAnswer = ({ document, ...found }: ActivationFound): ActivationAnswer => {
  const { userId, state, since, errorNumber, reason } = document;
  return { userId, ...found, state, since: isoTime(since), errorNumber, error: reason };
};

class ActivationsChangedAnswer {
  @Count(1842, 'Pass it to a query to see at least this.')
  position!: number;

  @Links({ activations: '/api/v1/accounts/7700000000000001/activations' })
  links!: { activations: string };
}

const ApiGoesOn = (summary: string): MethodDecorator =>
  applyDecorators(
    HttpCode(202),
    ApiOperation({ summary }),
    ApiHeader(IDEMPOTENCY_KEY),
    ApiAcceptedResponse({
      type: ActivationsChangedAnswer,
      description: 'It goes on by itself: the list shows how far each person is.',
    }),
  );

/** Persons whom Apple knows, or is to know, at the location of an account. It is not assigning: that is an order. */
@ApiTags('persons')
@Controller(`${API}/accounts/:accountId/activations`)
export class ActivationsController {
  constructor(
    @Inject(CommandBus) private readonly commands: CommandBus,
    @Inject(QueryBus) private readonly queries: QueryBus,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Persons of an account who were activated, and how far each is.' })
  @ApiItems(ActivationAnswer)
  listActivations(
    @Param('accountId') uId: string,
    @Query() query: ActivationsQuery,
    @WantedPosition() position?: Position,
  ): Promise<Items<ActivationAnswer>> {
    const { state } = query;
    return itemsOf(
      query,
      (part) => this.queries.execute(new Queries.ListActivations({ uId, state, part, position })),
      activationAnswer,
    );
  }

  @Post()
  @ApiGoesOn('Activates persons: with a Managed Apple Account they are linked at once, others are invited.')
  @ApiRefusals('NOT_FOUND_PERSON', 'REJECTED_ASSIGNMENT_TYPE', 'REJECTED_NOT_OURS')
  async activatePersons(
    @Param('accountId') uId: string,
    @Body() { userIds, reason }: PersonsBody,
    @CalledBy() caller: Caller,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<ActivationsChangedAnswer> {
    const activating = new Commands.ActivatePersons({ uId, userIds }, withReason(caller, reason));
    return changed(reply, uId, (await this.commands.execute(activating)).position);
  }

  @Post('end')
  @ApiGoesOn('Deactivates persons: what they hold goes back, then Apple retires them.')
  async deactivatePersons(
    @Param('accountId') uId: string,
    @Body() { userIds, reason }: PersonsBody,
    @CalledBy() caller: Caller,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<ActivationsChangedAnswer> {
    const ending = new Commands.DeactivatePersons({ uId, userIds }, withReason(caller, reason));
    return changed(reply, uId, (await this.commands.execute(ending)).position);
  }
}

function changed(reply: HttpReply, uId: string, position: Position): ActivationsChangedAnswer {
  void reply.header('seatbook-position', String(position));
  return { position: numberOf(position), links: { activations: `${API}/accounts/${uId}/activations` } };
}
