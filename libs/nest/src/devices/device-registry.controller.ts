import { Body, Controller, Get, HttpCode, Inject, Param, Post, Put, Query, Res } from '@nestjs/common';
import { CommandBus, QueryBus } from '@nestjs/cqrs';
import {
  ApiAcceptedResponse,
  ApiBody,
  ApiCreatedResponse,
  ApiHeader,
  ApiOkResponse,
  ApiOperation,
  ApiProperty,
  ApiPropertyOptional,
  ApiTags,
} from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import type { Position } from '@seatbook/kernel';
import { DEVICE_COLUMNS, type Caller, type ChangedDevice, type RegisterDevice } from '@seatbook/application';
import { Commands, Queries } from '../bus/messages.js';
import { ApiRefusals } from '../document/api-refusals.js';
import { API } from '../http/api-root.js';
import { CalledBy, withReason } from '../http/caller.js';
import type { HttpReply } from '../http/exchange.js';
import { IDEMPOTENCY_KEY } from '../http/request-headers.js';
import { ApiTable, tableOf } from '../http/table-body.js';
import { MayBeLeftOut, Reason, TextField } from '../http/text-field.js';
import { TextOfPath } from '../http/text-of-path.js';
import { ASSIGNED_DEVICE_FIELD } from '../pairs/named-holders.js';
import { UploadAnswer } from '../reading/upload-answer.js';
import { ApiItems, PageQuery, itemsOf, type Items } from '../reading/page.js';
import { WantedPosition } from '../reading/wanted-position.js';

import {
  ChangedDeviceAnswer,
  DEVICE_STATES,
  OWNERSHIPS,
  PLATFORMS,
  RegisteredDeviceAnswer,
  RegistrationAnswer,
  changedDeviceAnswer,
  linksOf,
  registeredDeviceAnswer,
  registrationAnswer,
} from './registration-answer.js';

class RegistrationsQuery extends PageQuery {
  @ApiPropertyOptional({ enum: DEVICE_STATES })
  @IsOptional()
  @IsIn(DEVICE_STATES)
  state?: (typeof DEVICE_STATES)[number];
}

/** What the organisation says of a device; what is left out is not known any more, but for the name. */
class RegistrationBody {
  @ApiPropertyOptional({ enum: PLATFORMS, description: 'What the device says itself goes before it.' })
  @MayBeLeftOut()
  @IsIn(PLATFORMS)
  platform?: (typeof PLATFORMS)[number];

  @ApiPropertyOptional({ enum: OWNERSHIPS, default: 'organisation' })
  @MayBeLeftOut()
  @IsIn(OWNERSHIPS)
  ownership?: (typeof OWNERSHIPS)[number];

  @ApiPropertyOptional({
    example: '0191f0f6-7b1c-7c22-8d5e-3a1f0c2b4d6e',
    description: 'The person who has it, by our id.',
  })
  @MayBeLeftOut()
  @TextField(1, 100)
  userId?: string;

  @ApiPropertyOptional({
    example: 'Reception 2',
    description: 'It is kept apart from the history. Empty: it has none. Left out: it stays.',
  })
  @MayBeLeftOut()
  @TextField(0, 255)
  name?: string;

  @Reason()
  reason?: string;
}

class RegisterDeviceBody extends RegistrationBody {
  @ApiProperty({ example: 'C02XK0AAHV29', pattern: ASSIGNED_DEVICE_FIELD })
  @TextField(1, 40)
  serialNumber!: string;
}

const WAYS = ['wiped', 'retired'] as const;

class LeaveDeviceBody {
  @ApiProperty({ enum: WAYS, description: '`wiped`: all on it is lost. `retired`: it is used no more.' })
  @IsIn(WAYS)
  how!: (typeof WAYS)[number];

  @Reason()
  reason?: string;
}

class DescribeDeviceBody {
  @Reason()
  reason?: string;
}

const SERIAL = new TextOfPath('serialNumber');

/** The devices of the organisation: those that it has registered, and those that have enrolled. */
@ApiTags('devices')
@Controller(API)
export class DeviceRegistryController {
  constructor(
    @Inject(CommandBus) private readonly commands: CommandBus,
    @Inject(QueryBus) private readonly queries: QueryBus,
  ) {}

  @Get('registrations')
  @ApiOperation({ summary: 'Devices that are registered or have enrolled, by serial number.' })
  @ApiItems(RegistrationAnswer)
  listRegistrations(
    @Query() query: RegistrationsQuery,
    @WantedPosition() position?: Position,
  ): Promise<Items<RegistrationAnswer>> {
    const { state } = query;
    return itemsOf(
      query,
      (part) => this.queries.execute(new Queries.ListRegistry({ state, part, position })),
      registrationAnswer,
    );
  }

  @Post('devices')
  @ApiOperation({ summary: 'Registers a device, before it enrols or afterwards.' })
  @ApiHeader(IDEMPOTENCY_KEY)
  @ApiCreatedResponse({ type: ChangedDeviceAnswer, description: 'The device is registered.' })
  @ApiRefusals('INVALID_SERIAL_NUMBER', 'NOT_FOUND_PERSON')
  async registerDevice(
    @Body() body: RegisterDeviceBody,
    @CalledBy() caller: Caller,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<ChangedDeviceAnswer> {
    const registering = new Commands.RegisterDevice(
      registrationIn(body.serialNumber, body),
      withReason(caller, body.reason),
    );
    const registered = await this.commands.execute(registering);
    void reply.header('location', linksOf(registered.serialNumber).self);
    return changed(reply, registered);
  }

  @Post('devices/import')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Registers the devices of a table. It may be sent again: what is so already stays.',
  })
  @ApiHeader(IDEMPOTENCY_KEY)
  @ApiTable(
    'Devices, one in each row. `platform`, `ownership`, `userId` and `name` may be empty.',
    'serialNumber,platform,ownership,userId,name\nC02XK0AAHV29,iOS,organisation,,Reception 2\n',
  )
  @ApiOkResponse({ type: UploadAnswer, description: 'What became of the rows.' })
  @ApiRefusals('INVALID_TABLE')
  async importDevices(@Body() body: unknown, @CalledBy() caller: Caller): Promise<UploadAnswer> {
    const table = await tableOf(body, DEVICE_COLUMNS);
    return this.commands.execute(new Commands.ImportDevices({ table }, caller));
  }

  @Get('devices/:serialNumber/registration')
  @ApiOperation({ summary: 'A device as the registry knows it, with its apps by state.' })
  @ApiOkResponse({ type: RegisteredDeviceAnswer, description: 'The device.' })
  @ApiRefusals('NOT_FOUND_DEVICE')
  async getRegistration(
    @Param('serialNumber', SERIAL) serialNumber: string,
    @WantedPosition() position?: Position,
  ): Promise<RegisteredDeviceAnswer> {
    return registeredDeviceAnswer(
      await this.queries.execute(new Queries.GetRegistered({ serialNumber, position })),
    );
  }

  @Put('devices/:serialNumber/registration')
  @ApiOperation({ summary: 'Replaces what the organisation says of a device.' })
  @ApiHeader(IDEMPOTENCY_KEY)
  @ApiOkResponse({ type: ChangedDeviceAnswer, description: 'It is replaced.' })
  @ApiRefusals('NOT_FOUND_DEVICE', 'NOT_FOUND_PERSON')
  async changeDevice(
    @Param('serialNumber', SERIAL) serialNumber: string,
    @Body() body: RegistrationBody,
    @CalledBy() caller: Caller,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<ChangedDeviceAnswer> {
    const change = registrationIn(serialNumber, body);
    const changing = new Commands.ChangeDevice(change, withReason(caller, body.reason));
    return changed(reply, await this.commands.execute(changing));
  }

  @Post('devices/:serialNumber/leave')
  @HttpCode(200)
  @ApiOperation({
    summary:
      'Says that a device was wiped or is used no more: its installations end, its licences stay or go back.',
  })
  @ApiHeader(IDEMPOTENCY_KEY)
  @ApiOkResponse({ type: ChangedDeviceAnswer, description: 'It has left.' })
  @ApiRefusals('NOT_FOUND_DEVICE')
  async leaveDevice(
    @Param('serialNumber', SERIAL) serialNumber: string,
    @Body() { how, reason }: LeaveDeviceBody,
    @CalledBy() caller: Caller,
    @Res({ passthrough: true }) reply: HttpReply,
  ): Promise<ChangedDeviceAnswer> {
    const leaving = new Commands.LeaveDevice({ serialNumber, how }, withReason(caller, reason));
    return changed(reply, await this.commands.execute(leaving));
  }

  @Post('devices/:serialNumber/describe')
  @HttpCode(202)
  @ApiOperation({ summary: 'Has a device asked what it is. It answers when it comes.' })
  @ApiHeader(IDEMPOTENCY_KEY)
  @ApiBody({ type: DescribeDeviceBody, required: false })
  @ApiAcceptedResponse({ type: ChangedDeviceAnswer, description: 'It is asked.' })
  @ApiRefusals('NOT_FOUND_DEVICE', 'REJECTED_NOT_ENROLLED', 'REJECTED_NO_MDM')
  async describeDevice(
    @Param('serialNumber', SERIAL) serialNumber: string,
    @CalledBy() caller: Caller,
    @Res({ passthrough: true }) reply: HttpReply,
    @Body() { reason }: DescribeDeviceBody = {},
  ): Promise<ChangedDeviceAnswer> {
    const asking = new Commands.DescribeDevice({ serialNumber }, withReason(caller, reason));
    return changed(reply, await this.commands.execute(asking));
  }
}

const registrationIn = (serialNumber: string, body: RegistrationBody): RegisterDevice => {
  const { platform = null, ownership = 'organisation', userId = null, name } = body;
  return { serialNumber, platform, ownership, userId, name };
};

function changed(reply: HttpReply, { serialNumber, position, repeated }: ChangedDevice): ChangedDeviceAnswer {
  void reply.header('seatbook-position', String(position));
  return changedDeviceAnswer(serialNumber, position, repeated);
}
