import { Body, Controller, Get, HttpCode, Inject, Param, Post, Put, Query, Res } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import {
  ApiAcceptedResponse,
  ApiBody,
  ApiCreatedResponse,
  ApiHeader,
  ApiOkResponse,
  ApiOperation,
  ApiPropertyOptional,
  ApiTags,
} from '@nestjs/swagger';
import { IsBoolean, IsOptional } from 'class-validator';
import { numberOf, type Position } from '@seatbook/kernel';
import {
  invalidRow,
  type Caller,
  type Cells,
  type ChangedPerson,
  type GivenDetails,
  type PersonInTable,
  type PersonRow,
} from '@seatbook/application';
import { Commands, Queries } from '../bus/messages.js';
import { ApiRefusals } from '../document/api-refusals.js';
import { Count, Flag, Links, Text, TextOrNull, Texts } from '../document/fields.js';
import { API } from '../http/api-root.js';
import { CalledBy, withReason } from '../http/caller.js';
import type { HttpReply } from '../http/exchange.js';
import { IDEMPOTENCY_KEY } from '../http/request-headers.js';
import { ApiTable, tableOf } from '../http/table-body.js';
import { MAX_IN_PATH, MayBeLeftOut, Reason, TextField, isShown, textRule } from '../http/text-field.js';
import { TextOfPath } from '../http/text-of-path.js';
import { ApiItems, PageQuery, itemsOf, type Items } from '../reading/page.js';
import { UploadAnswer } from '../reading/upload-answer.js';
import { WantedPosition } from '../reading/wanted-position.js';

class PersonsQuery extends PageQuery {
  @ApiPropertyOptional({
    description:
      'Only persons of whose name, e-mail address, Managed Apple Account or clientUserId this is a part, in whatever case.',
  })
  @IsOptional()
  @TextField(1, 100)
  search?: string;
}

/** What identifies a person is kept apart from the history, so that it can be forgotten. */
class PersonBody {
  @ApiPropertyOptional({ example: 'Kim Example' })
  @MayBeLeftOut()
  @TextField(1, 200)
  name?: string;

  @ApiPropertyOptional({ example: 'kim@example.org', description: 'Apple gets it with an invitation.' })
  @MayBeLeftOut()
  @TextField(3, 254)
  email?: string;

  @ApiPropertyOptional({
    example: 'kim@appleid.example.org',
    description: 'A Managed Apple Account of the organisation: it is linked without an invitation.',
  })
  @MayBeLeftOut()
  @TextField(3, 254)
  managedAppleId?: string;

  @Reason()
  reason?: string;
}

/** The columns of a table of persons. */
const COLUMNS = ['userId', 'name', 'email', 'managedAppleId'] as const;

/** Shortest and longest text of each. */
const LENGTHS = { name: [1, 200], email: [3, 254], managedAppleId: [3, 254] } as const;

/** @throws Refusal INVALID_ROW */
function personIn(cells: Cells): PersonInTable {
  const { userId = '' } = cells;
  if (userId !== '' && !isShown(userId, 1, MAX_IN_PATH)) throw invalidRow(textRule('userId', 1, MAX_IN_PATH));
  const details: Partial<Record<keyof GivenDetails, string | null>> = {};
  for (const [column, [min, max]] of Object.entries(LENGTHS)) {
    const text = cells[column];
    if (text === undefined) continue;
    if (text !== '' && !isShown(text, min, max)) throw invalidRow(textRule(column, min, max));
    details[column as keyof GivenDetails] = text === '' ? null : text;
  }
  if (userId === '' && Object.values(details).every((detail) => detail === null))
    throw invalidRow('the row says nothing of a person');
  return { userId: userId === '' ? null : userId, details };
}

class ImportPersonsQuery {
  @Reason()
  reason?: string;
}

class ForgetPersonBody {
  @Reason()
  reason?: string;
}

class LeavePersonBody {
  @Reason()
  reason?: string;

  @ApiPropertyOptional({
    default: false,
    description:
      "Whether apps go from the person's devices with the licences that they are there by. A device that has another licence of an app keeps it. Left out: they stay, and can be used for 30 days.",
  })
  @MayBeLeftOut()
  @IsBoolean()
  removeApp: boolean = false;
}

class PersonAnswer {
  @Text('0191f0f6-7b1c-7c22-8d5e-3a1f0c2b4d6e', 'Our random id: the only thing that the history knows.')
  userId!: string;

  @TextOrNull('Kim Example')
  name!: string | null;

  @TextOrNull('kim@example.org')
  email!: string | null;

  @TextOrNull(null, 'The Managed Apple Account that is linked without an invitation.')
  managedAppleId!: string | null;

  @Flag(true, 'Registered here; false: Apple knew the person by what another tool had registered.')
  registered!: boolean;

  @Texts(['7700000000000001'], 'Accounts at whose locations Apple knows the person, or knew.')
  accountIds!: readonly string[];

  @Count(2)
  assigned!: number;

  @Count(0, 'Reserved, in a call to Apple, or being returned.')
  inProgress!: number;

  @Count(0)
  waiting!: number;

  @Count(0)
  failed!: number;

  @Links({ self: '/api/v1/persons/0191f0f6', timeline: '/api/v1/timeline?userId=0191f0f6' })
  links!: { self: string; timeline: string };
}

const linksOf = (userId: string) => {
  const inAddress = encodeURIComponent(userId);
  return { self: `${API}/persons/${inAddress}`, timeline: `${API}/timeline?userId=${inAddress}` };
};

const personAnswer = (row: PersonRow): PersonAnswer => ({ ...row, links: linksOf(row.userId) });

class ChangedPersonAnswer {
  @Text('0191f0f6-7b1c-7c22-8d5e-3a1f0c2b4d6e', 'Our random id of the person.')
  userId!: string;

  @Count(1842, 'Pass it to a query to see at least this.')
  position!: number;

  @Flag(false, 'The same request had been made before.')
  repeated!: boolean;

  @Links({ self: '/api/v1/persons/0191f0f6', timeline: '/api/v1/timeline?userId=0191f0f6' })
  links!: { self: string; timeline: string };
}

class LeavingPersonAnswer {
  @Text('0191f0f6-7b1c-7c22-8d5e-3a1f0c2b4d6e', 'Our random id of the person.')
  userId!: string;

  @Texts(['7700000000000001'], 'Accounts that the person leaves.')
  accountIds!: readonly string[];

  @Texts([], 'Groups that the person was a member of.')
  groupIds!: readonly string[];

  @Count(1842, 'Pass it to a query to see at least this.')
  position!: number;

  @Links({ self: '/api/v1/persons/0191f0f6', timeline: '/api/v1/timeline?userId=0191f0f6' })
  links!: { self: string; timeline: string };
}

/** People who can hold licences. */
@ApiTags('persons')
@Controller(`${API}/persons`)
export class PersonsController {
  constructor(
    @Inject(CommandBus) private readonly commands: CommandBus,
    @Inject(QueryBus) private readonly queries: QueryBus,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Persons: whom you registered, and whom Apple knew before.' })
  @ApiItems(PersonAnswer)
  listPersons(
    @Query() query: PersonsQuery,
    @WantedPosition() position?: Position,
  ): Promise<Items<PersonAnswer>> {
    const { search } = query;
    return itemsOf(
      query,
      (part) => this.queries.execute(new Queries.ListPersons({ search, part, position })),
      personAnswer,
    );
  }

  @Post()
  @ApiOperation({
    summary: 'Registers a person. Apple hears of it when the person is activated for an account.',
  })
  @ApiHeader(IDEMPOTENCY_KEY)
  @ApiCreatedResponse({ type: ChangedPersonAnswer, description: 'The person is registered.' })
  async registerPerson(
    @Body() body: PersonBody,
    @CalledBy() caller: Caller,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<ChangedPersonAnswer> {
    const registering = new Commands.RegisterPerson(detailsIn(body), withReason(caller, body.reason));
    const registered = await this.commands.execute(registering);
    void reply.header('location', linksOf(registered.userId).self);
    return changed(reply, registered);
  }

  @Post('import')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Registers and changes persons by a table. What identifies them goes to the directory alone.',
  })
  @ApiHeader(IDEMPOTENCY_KEY)
  @ApiTable(
    'A row with a `userId` changes this person, one without it registers somebody new. Columns that are left out stay as they are, an empty cell is not known any more.',
    'userId,name,email,managedAppleId\r\n,Kim Example,kim@example.org,\r\n',
  )
  @ApiOkResponse({ type: UploadAnswer, description: 'What became of the rows.' })
  @ApiRefusals('INVALID_TABLE')
  async importPersons(
    @Body() body: Buffer,
    @Query() { reason }: ImportPersonsQuery,
    @CalledBy() caller: Caller,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<UploadAnswer> {
    const table = await tableOf(body, COLUMNS);
    const importing = new Commands.ImportPersons({ table, read: personIn }, withReason(caller, reason));
    const { position, ...outcome } = await this.commands.execute(importing);
    void reply.header('seatbook-position', String(position));
    return outcome;
  }

  @Put(':userId/details')
  @ApiOperation({
    summary:
      'Replaces what is known of a person; what is left out is not known any more. Where the person is active, Apple is told.',
  })
  @ApiHeader(IDEMPOTENCY_KEY)
  @ApiOkResponse({ type: ChangedPersonAnswer, description: 'It is replaced.' })
  @ApiRefusals('NOT_FOUND_PERSON', 'REJECTED_PERSON_FORGOTTEN')
  async changePerson(
    @Param('userId', new TextOfPath('userId')) userId: string,
    @Body() body: PersonBody,
    @CalledBy() caller: Caller,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<ChangedPersonAnswer> {
    const change = { userId, ...detailsIn(body) };
    const changing = new Commands.ChangePerson(change, withReason(caller, body.reason));
    return changed(reply, await this.commands.execute(changing));
  }

  @Post(':userId/leave')
  @HttpCode(202)
  @ApiOperation({
    summary:
      'A person leaves: all groups, and every account. What the person holds goes back, then Apple retires the person.',
  })
  @ApiHeader(IDEMPOTENCY_KEY)
  @ApiBody({ type: LeavePersonBody, required: false })
  @ApiAcceptedResponse({
    type: LeavingPersonAnswer,
    description: 'It goes on by itself: the activations of each account show how far it is.',
  })
  @ApiRefusals('NOT_FOUND_PERSON', 'REJECTED_NO_MDM')
  async leavePerson(
    @Param('userId', new TextOfPath('userId')) userId: string,
    @CalledBy() caller: Caller,
    @Res({ passthrough: true }) reply: HttpReply,
    @Body() { reason, removeApp }: LeavePersonBody = { removeApp: false },
  ): Promise<LeavingPersonAnswer> {
    const leaving = new Commands.LeavePerson({ userId, removeApp }, withReason(caller, reason));
    const { position, ...left } = await this.commands.execute(leaving);
    void reply.header('seatbook-position', String(position));
    return { ...left, position: numberOf(position), links: linksOf(userId) };
  }

  @Post(':userId/forget')
  @HttpCode(200)
  @ApiOperation({
    summary:
      'Removes all that identifies a person. The history keeps a random id, which says nothing any more.',
  })
  @ApiHeader(IDEMPOTENCY_KEY)
  @ApiBody({ type: ForgetPersonBody, required: false })
  @ApiOkResponse({ type: ChangedPersonAnswer, description: 'The person is forgotten.' })
  @ApiRefusals('NOT_FOUND_PERSON', 'REJECTED_PERSON_IN_USE')
  async forgetPerson(
    @Param('userId', new TextOfPath('userId')) userId: string,
    @CalledBy() caller: Caller,
    @Res({ passthrough: true }) reply: HttpReply,
    @Body() { reason }: ForgetPersonBody = {},
  ): Promise<ChangedPersonAnswer> {
    const forgetting = new Commands.ForgetPerson({ userId }, withReason(caller, reason));
    return changed(reply, await this.commands.execute(forgetting));
  }
}

const detailsIn = ({ name, email, managedAppleId }: PersonBody): GivenDetails => ({
  name: name ?? null,
  email: email ?? null,
  managedAppleId: managedAppleId ?? null,
});

function changed(reply: HttpReply, { userId, position, repeated }: ChangedPerson): ChangedPersonAnswer {
  void reply.header('seatbook-position', String(position));
  return { userId, position: numberOf(position), repeated, links: linksOf(userId) };
}
