import { Body, Controller, Delete, Get, Inject, Param, Post, Put, Query, Res } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import {
  ApiCreatedResponse,
  ApiHeader,
  ApiOkResponse,
  ApiOperation,
  ApiProperty,
  ApiPropertyOptional,
  ApiTags,
} from '@nestjs/swagger';
import { IsBoolean, IsIn, IsOptional } from 'class-validator';
import type { Position } from '@seatbook/kernel';
import type { Caller, ChangedGroup } from '@seatbook/application';
import { MAX_HOLDERS, MAX_MEMBERS, type GroupKind } from '@seatbook/licensing';
import { Commands, Queries } from '../bus/messages.js';
import { ApiChanges } from '../document/api-changes.js';
import { ApiRefusals } from '../document/api-refusals.js';
import { linksTo } from '../document/links.js';
import { API } from '../http/api-root.js';
import { CalledBy, withReason } from '../http/caller.js';
import type { HttpReply } from '../http/exchange.js';
import { IDEMPOTENCY_KEY } from '../http/request-headers.js';
import { MayBeLeftOut, Reason, SHOWN_AND_NOT_BLANK, TextField } from '../http/text-field.js';
import { ASSIGNED_DEVICE, NamedHolders } from '../pairs/named-holders.js';
import { asOfAnswer } from '../reading/as-of.js';
import { ApiItems, PageQuery, itemsOf, type Items } from '../reading/page.js';
import { WantedPosition } from '../reading/wanted-position.js';
import {
  ChangedGroupAnswer,
  GROUP_KINDS,
  GroupAnswer,
  GroupWithPosition,
  MemberAnswer,
  StandingAnswer,
  changedGroupAnswer,
  groupAnswer,
  groupLinks,
  memberAnswer,
  standingAnswer,
} from './group-answer.js';

class GroupsQuery extends PageQuery {
  @ApiPropertyOptional({ enum: GROUP_KINDS })
  @IsOptional()
  @IsIn(GROUP_KINDS)
  kind?: GroupKind;

  @ApiPropertyOptional({ description: 'Only groups of whose name this is a part, in whatever case.' })
  @IsOptional()
  @TextField(1, 100)
  search?: string;
}

const FOLLOWS =
  'Whether who joins later gets what orders to the group have given, and who leaves gives it back, unless another order or group wants it. Otherwise an order is for those who are members when it is placed.';

class CreateGroupBody {
  @ApiProperty({ example: 'Class 7b', pattern: SHOWN_AND_NOT_BLANK })
  @TextField(1, 200)
  name!: string;

  @ApiProperty({ enum: GROUP_KINDS, description: 'A group has devices or persons, for good.' })
  @IsIn(GROUP_KINDS)
  kind!: GroupKind;

  @ApiPropertyOptional({ default: false, description: FOLLOWS })
  @MayBeLeftOut()
  @IsBoolean()
  follows: boolean = false;

  @Reason()
  reason?: string;
}

class RenameGroupBody {
  @ApiProperty({ example: 'Class 8b', pattern: SHOWN_AND_NOT_BLANK })
  @TextField(1, 200)
  name!: string;

  @Reason()
  reason?: string;
}

class GroupPolicyBody {
  @ApiProperty({ example: true, description: FOLLOWS })
  @IsBoolean()
  follows!: boolean;

  @Reason()
  reason?: string;
}

class MembersBody {
  @NamedHolders('A set of devices, for a group of devices.', MAX_HOLDERS, ASSIGNED_DEVICE)
  serialNumbers?: string[];

  @NamedHolders('A set of persons, by our id, for a group of persons.', MAX_HOLDERS)
  userIds?: string[];

  @Reason()
  reason?: string;
}

/** Where an answer leads that has a group. */
const OF_GROUP = ['getGroup', 'listMembers', 'listStanding', 'addMembers'];

/** Named lists of devices or persons: an order may name a group in place of holders. */
@ApiTags('groups')
@Controller(`${API}/groups`)
export class GroupsController {
  constructor(
    @Inject(CommandBus) private readonly commands: CommandBus,
    @Inject(QueryBus) private readonly queries: QueryBus,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Groups, in the order of their creation.' })
  @ApiItems(GroupAnswer, {}, {}, linksTo(OF_GROUP, 'groupId', '/items/0/groupId'))
  listGroups(
    @Query() query: GroupsQuery,
    @WantedPosition() position?: Position,
  ): Promise<Items<GroupAnswer>> {
    const { kind, search } = query;
    return itemsOf(
      query,
      (part) => this.queries.execute(new Queries.ListGroups({ kind, search, part, position })),
      groupAnswer,
    );
  }

  @Post()
  @ApiOperation({ summary: `Creates a group, without members. It may have up to ${MAX_MEMBERS}.` })
  @ApiHeader(IDEMPOTENCY_KEY)
  @ApiCreatedResponse({
    type: ChangedGroupAnswer,
    description: 'The group is created.',
    links: linksTo(OF_GROUP, 'groupId', '/groupId'),
  })
  async createGroup(
    @Body() { name, kind, follows, reason }: CreateGroupBody,
    @CalledBy() caller: Caller,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<ChangedGroupAnswer> {
    const creating = new Commands.CreateGroup({ name, kind, follows }, withReason(caller, reason));
    const created = await this.commands.execute(creating);
    void reply.header('location', groupLinks(created.groupId).self);
    return changed(reply, created);
  }

  @Get(':groupId')
  @ApiOperation({ summary: 'A group.' })
  @ApiOkResponse({ type: GroupWithPosition, description: 'The group.' })
  @ApiRefusals('NOT_FOUND_GROUP')
  async getGroup(
    @Param('groupId') groupId: string,
    @WantedPosition() position?: Position,
  ): Promise<GroupWithPosition> {
    const { group, asOf } = await this.queries.execute(new Queries.GetGroup({ groupId, position }));
    return { ...groupAnswer(group), asOf: asOfAnswer(asOf) };
  }

  @Put(':groupId/name')
  @ApiChanges(ChangedGroupAnswer, 'Gives a group another name.', 'It is called so.')
  @ApiRefusals('NOT_FOUND_GROUP')
  async renameGroup(
    @Param('groupId') groupId: string,
    @Body() { name, reason }: RenameGroupBody,
    @CalledBy() caller: Caller,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<ChangedGroupAnswer> {
    const renaming = new Commands.RenameGroup({ groupId, name }, withReason(caller, reason));
    return changed(reply, await this.commands.execute(renaming));
  }

  @Put(':groupId/policy')
  @ApiChanges(
    ChangedGroupAnswer,
    'Says whether who joins or leaves from now on follows what is ordered for the group.',
    'It is so from now on.',
  )
  @ApiRefusals('NOT_FOUND_GROUP')
  async setGroupPolicy(
    @Param('groupId') groupId: string,
    @Body() { follows, reason }: GroupPolicyBody,
    @CalledBy() caller: Caller,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<ChangedGroupAnswer> {
    const setting = new Commands.SetGroupPolicy({ groupId, follows }, withReason(caller, reason));
    return changed(reply, await this.commands.execute(setting));
  }

  @Delete(':groupId')
  @ApiChanges(ChangedGroupAnswer, 'Deletes a group that has no members.', 'It is deleted; its history stays.')
  @ApiRefusals('NOT_FOUND_GROUP', 'REJECTED_GROUP_NOT_EMPTY')
  async deleteGroup(
    @Param('groupId') groupId: string,
    @CalledBy() caller: Caller,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<ChangedGroupAnswer> {
    return changed(reply, await this.commands.execute(new Commands.DeleteGroup({ groupId }, caller)));
  }

  @Get(':groupId/members')
  @ApiOperation({ summary: 'The members of a group.' })
  @ApiItems(MemberAnswer)
  @ApiRefusals('NOT_FOUND_GROUP')
  listMembers(
    @Param('groupId') groupId: string,
    @Query() query: PageQuery,
    @WantedPosition() position?: Position,
  ): Promise<Items<MemberAnswer>> {
    return itemsOf(
      query,
      (part) => this.queries.execute(new Queries.ListMembers({ groupId, part, position })),
      memberAnswer,
    );
  }

  @Get(':groupId/standing')
  @ApiOperation({
    summary:
      'What orders to the group have assigned and not returned: who joins later gets it where the group follows.',
  })
  @ApiItems(StandingAnswer)
  @ApiRefusals('NOT_FOUND_GROUP')
  listStanding(
    @Param('groupId') groupId: string,
    @Query() query: PageQuery,
    @WantedPosition() position?: Position,
  ): Promise<Items<StandingAnswer>> {
    return itemsOf(
      query,
      (part) => this.queries.execute(new Queries.ListStanding({ groupId, part, position })),
      standingAnswer,
    );
  }

  @Post(':groupId/members')
  @ApiChanges(
    ChangedGroupAnswer,
    'Adds up to 1,000 members; who is one already stays one.',
    'They are members.',
  )
  @ApiRefusals(
    'NOT_FOUND_GROUP',
    'NOT_FOUND_PERSON',
    'INVALID_HOLDER',
    'INVALID_SERIAL_NUMBER',
    'REJECTED_GROUP_FULL',
    'REJECTED_UNKNOWN_PERSON',
    'REJECTED_PERSON_LEAVING',
  )
  async addMembers(
    @Param('groupId') groupId: string,
    @Body() { serialNumbers, userIds, reason }: MembersBody,
    @CalledBy() caller: Caller,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<ChangedGroupAnswer> {
    const adding = new Commands.AddMembers({ groupId, serialNumbers, userIds }, withReason(caller, reason));
    return changed(reply, await this.commands.execute(adding));
  }

  @Post(':groupId/members/end')
  @ApiChanges(
    ChangedGroupAnswer,
    'Removes up to 1,000 members. Where the group follows, they give back what they hold by its orders alone.',
    'They are members no longer.',
  )
  @ApiRefusals('NOT_FOUND_GROUP', 'INVALID_HOLDER', 'INVALID_SERIAL_NUMBER')
  async removeMembers(
    @Param('groupId') groupId: string,
    @Body() { serialNumbers, userIds, reason }: MembersBody,
    @CalledBy() caller: Caller,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<ChangedGroupAnswer> {
    const removing = new Commands.RemoveMembers(
      { groupId, serialNumbers, userIds },
      withReason(caller, reason),
    );
    return changed(reply, await this.commands.execute(removing));
  }
}

function changed(reply: HttpReply, group: ChangedGroup): ChangedGroupAnswer {
  void reply.header('seatbook-position', String(group.position));
  return changedGroupAnswer(group);
}
