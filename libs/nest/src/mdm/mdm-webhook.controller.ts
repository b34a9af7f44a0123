import { Controller, HttpCode, Inject, Post, Req } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiBody, ApiOkResponse, ApiOperation, ApiSecurity, ApiTags } from '@nestjs/swagger';
import { Commands } from '../bus/messages.js';
import { ApiRefusals } from '../document/api-refusals.js';
import { rawBodyOf, signatureOf } from '../access/mdm-signature.js';
import type { HttpRequest } from '../http/exchange.js';

const EXAMPLE = {
  topic: 'mdm.CheckOut',
  event_id: '8f3b6e0c1a2d4e5f',
  created_at: '2026-11-24T08:15:30.000Z',
  checkin_event: { ids: { id: 'A1B2C3D4-0000-4000-8000-000000000001', type: 'Device' } },
};

/** Where NanoMDM tells of its devices. It signs what it sends instead of showing the owner key. */
@ApiTags('devices')
@Controller('mdm/webhook')
export class MdmWebhookController {
  constructor(@Inject(CommandBus) private readonly commands: CommandBus) {}

  @Post()
  @ApiOperation({
    summary: 'For NanoMDM. Answers once the message is stored durably; repeating it changes nothing.',
  })
  @HttpCode(200)
  @ApiSecurity('mdm-signature')
  @ApiBody({
    schema: { type: 'object', additionalProperties: true },
    examples: { message: { value: EXAMPLE } },
  })
  @ApiOkResponse({ description: 'It is stored.' })
  @ApiRefusals('INVALID_MDM_MESSAGE')
  async receiveMdmMessage(@Req() request: HttpRequest): Promise<void> {
    const message = { body: rawBodyOf(request), signature: signatureOf(request) };
    await this.commands.execute(new Commands.ReceiveMdmMessage(message));
  }
}
