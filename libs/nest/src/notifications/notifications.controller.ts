import { Body, Controller, HttpCode, Inject, Param, Post, Req } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiBody, ApiOkResponse, ApiSecurity, ApiTags, ApiOperation } from '@nestjs/swagger';
import { Refusal } from '@seatbook/kernel';
import { bearerOf } from '../access/authentication.js';
import { Commands } from '../bus/messages.js';
import { ApiRefusals } from '../document/api-refusals.js';
import type { HttpRequest } from '../http/exchange.js';

const EXAMPLE = {
  notificationId: '0f2b8a4e-4f0a-4a37-9f44-1d5b1e0c7a63',
  uId: '7700000000000001',
  notificationType: 'ASSET_COUNT',
  notification: { adamId: '900000001', pricingParam: 'STDQ', countDelta: 3 },
};

/** Where Apple delivers. It shows the secret of the account instead of the owner key. */
@ApiTags('apple')
@Controller('apple/notifications')
export class NotificationsController {
  constructor(@Inject(CommandBus) private readonly commands: CommandBus) {}

  @Post(':accountId')
  @ApiOperation({
    summary: 'For Apple. Answers once the notification is stored durably; repeating it changes nothing.',
  })
  @HttpCode(200)
  @ApiSecurity('notification-secret')
  @ApiBody({
    schema: { type: 'object', additionalProperties: true },
    examples: { notification: { value: EXAMPLE } },
  })
  @ApiOkResponse({ description: 'It is stored.' })
  @ApiRefusals('INVALID_NOTIFICATION', 'REJECTED_OTHER_LOCATION')
  async receiveNotification(
    @Param('accountId') accountId: string,
    @Body() body: unknown,
    @Req() request: HttpRequest,
  ): Promise<void> {
    const bearer = bearerOf(request);
    if (bearer === null) throw new Refusal('UNAUTHENTICATED', 'send the bearer token of this account');
    await this.commands.execute(new Commands.ReceiveNotification({ uId: accountId, bearer, body }));
  }
}
