import {
  Body,
  Controller,
  Delete,
  Get,
  Inject,
  Param,
  Post,
  Put,
  Query,
  Res,
  applyDecorators,
} from '@nestjs/common';
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
import { IsIn, IsOptional, ValidateBy } from 'class-validator';
import type { Position } from '@seatbook/kernel';
import type { Caller, ChangedProfile } from '@seatbook/application';
import type { ProfileKind } from '@seatbook/licensing';
import { Commands, Queries } from '../bus/messages.js';
import { ApiChanges } from '../document/api-changes.js';
import { ApiRefusals } from '../document/api-refusals.js';
import { linksTo } from '../document/links.js';
import { API } from '../http/api-root.js';
import { CalledBy, withReason } from '../http/caller.js';
import type { HttpReply } from '../http/exchange.js';
import { IDEMPOTENCY_KEY } from '../http/request-headers.js';
import { MayBeLeftOut, Reason, SHOWN_AND_NOT_BLANK, TextField } from '../http/text-field.js';
import { ApiItems, PageQuery, itemsOf, type Items } from '../reading/page.js';
import { WantedPosition } from '../reading/wanted-position.js';
import {
  ChangedProfileAnswer,
  PROFILE_KINDS,
  ProfileAnswer,
  ProfileWithUsers,
  changedProfileAnswer,
  profileAnswer,
  profileLinks,
  profileWithUsers,
} from './profile-answer.js';

class ProfilesQuery extends PageQuery {
  @ApiPropertyOptional({ enum: PROFILE_KINDS })
  @IsOptional()
  @IsIn(PROFILE_KINDS)
  kind?: ProfileKind;
}

const PAYLOAD_EXAMPLE = `<?xml version="1.0" encoding="UTF-8"?>
<plist version="1.0"><dict>
<key>PayloadType</key><string>Configuration</string>
<key>PayloadContent</key><array><dict>
<key>PayloadType</key><string>com.apple.vpn.managed.applayer</string>
<key>VPNUUID</key><string>11111111-2222-4333-8444-555555555555</string>
</dict></array>
</dict></plist>`;

/** What a profile is: any text, since a reader of property lists judges it. */
const PayloadField = (): PropertyDecorator =>
  applyDecorators(
    ApiProperty({
      type: String,
      minLength: 1,
      example: PAYLOAD_EXAMPLE,
      description:
        'An unsigned configuration profile (`.mobileconfig`) in XML: one payload of its kind, and certificates. It is kept sealed and is in no answer.',
    }),
    ValidateBy({
      name: 'payload',
      validator: {
        validate: (value) => typeof value === 'string' && value !== '',
        defaultMessage: () => 'payload must be the text of a configuration profile',
      },
    }),
  );

class RegisterProfileBody {
  @ApiProperty({ example: 'Office VPN', pattern: SHOWN_AND_NOT_BLANK })
  @TextField(1, 200)
  name!: string;

  @ApiProperty({ enum: PROFILE_KINDS, description: 'It stays what it is.' })
  @IsIn(PROFILE_KINDS)
  kind!: ProfileKind;

  @PayloadField()
  payload!: string;

  @Reason()
  reason?: string;
}

class ChangeProfileBody {
  @ApiProperty({ example: 'VPN of the head office', pattern: SHOWN_AND_NOT_BLANK })
  @TextField(1, 200)
  name!: string;

  @ApiPropertyOptional({
    example: PAYLOAD_EXAMPLE,
    description: 'As for a new one; left out: it keeps what it has. A VPN keeps its VPNUUID.',
  })
  @MayBeLeftOut()
  @PayloadField()
  payload?: string;

  @Reason()
  reason?: string;
}

/** VPNs and Single Sign-Ons that settings of apps may name. */
@ApiTags('profiles')
@Controller(`${API}/profiles`)
export class ProfilesController {
  constructor(
    @Inject(CommandBus) private readonly commands: CommandBus,
    @Inject(QueryBus) private readonly queries: QueryBus,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Profiles, in the order of their registration.' })
  @ApiItems(ProfileAnswer, {}, {}, linksTo(['getProfile'], 'profileId', '/items/0/profileId'))
  listProfiles(
    @Query() query: ProfilesQuery,
    @WantedPosition() position?: Position,
  ): Promise<Items<ProfileAnswer>> {
    const { kind } = query;
    return itemsOf(
      query,
      (part) => this.queries.execute(new Queries.ListProfiles({ kind, part, position })),
      profileAnswer,
    );
  }

  @Post()
  @ApiOperation({ summary: 'Registers a profile, which settings of apps may name from then on.' })
  @ApiHeader(IDEMPOTENCY_KEY)
  @ApiCreatedResponse({
    type: ChangedProfileAnswer,
    description: 'The profile is registered.',
    links: linksTo(['getProfile'], 'profileId', '/profileId'),
  })
  @ApiRefusals('INVALID_PROFILE')
  async registerProfile(
    @Body() { name, kind, payload, reason }: RegisterProfileBody,
    @CalledBy() caller: Caller,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<ChangedProfileAnswer> {
    const registering = new Commands.RegisterProfile({ name, kind, payload }, withReason(caller, reason));
    const registered = await this.commands.execute(registering);
    void reply.header('location', profileLinks(registered.profileId).self);
    return changed(reply, registered);
  }

  @Get(':profileId')
  @ApiOperation({ summary: 'A profile, and which settings name it.' })
  @ApiOkResponse({ type: ProfileWithUsers, description: 'The profile.' })
  @ApiRefusals('NOT_FOUND_PROFILE')
  async getProfile(
    @Param('profileId') profileId: string,
    @WantedPosition() position?: Position,
  ): Promise<ProfileWithUsers> {
    return profileWithUsers(await this.queries.execute(new Queries.GetProfile({ profileId, position })));
  }

  @Put(':profileId')
  @ApiChanges(ChangedProfileAnswer, 'Gives a profile another name, and perhaps another payload.', 'It is so.')
  @ApiRefusals('NOT_FOUND_PROFILE', 'INVALID_PROFILE')
  async changeProfile(
    @Param('profileId') profileId: string,
    @Body() { name, payload, reason }: ChangeProfileBody,
    @CalledBy() caller: Caller,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<ChangedProfileAnswer> {
    const changing = new Commands.ChangeProfile({ profileId, name, payload }, withReason(caller, reason));
    return changed(reply, await this.commands.execute(changing));
  }

  @Delete(':profileId')
  @ApiChanges(
    ChangedProfileAnswer,
    'Deletes a profile that no settings name, with its payload.',
    'It is deleted; its history stays.',
  )
  @ApiRefusals('NOT_FOUND_PROFILE', 'REJECTED_PROFILE_IN_USE')
  async deleteProfile(
    @Param('profileId') profileId: string,
    @CalledBy() caller: Caller,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<ChangedProfileAnswer> {
    return changed(reply, await this.commands.execute(new Commands.DeleteProfile({ profileId }, caller)));
  }
}

function changed(reply: HttpReply, profile: ChangedProfile): ChangedProfileAnswer {
  void reply.header('seatbook-position', String(profile.position));
  return changedProfileAnswer(profile);
}
