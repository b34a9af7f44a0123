import { Body, Controller, HttpCode, Inject, Param, Post, Req } from '@nestjs/common';
import { CommandBus } from '@nestjs/cqrs';
import { ApiBody, ApiOkResponse, ApiSecurity, ApiTags, ApiOperation } from '@nestjs/swagger';
import { Refusal } from '@seatbook/kernel';
import { bearerOf } from '../access/authentication.js';
import { Commands } from '../bus/messages.js';
import { ApiRefusals } from '../http/api-refusals.js';
import type { HttpRequest } from '../http/exchange.js';

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
  @ApiBody({ schema: { type: 'object', additionalProperties: true } })
  @ApiOkResponse({ description: 'It is stored.' })
  @ApiRefusals(400, 401, 413, 415, 422, 503)
  async receive(
    @Param('accountId') accountId: string,
    @Body() body: unknown,
    @Req() request: HttpRequest,
  ): Promise<void> {
    const bearer = bearerOf(request);
    if (bearer === null) throw new Refusal('UNAUTHENTICATED', 'send the bearer token of this account');
    await this.commands.execute(new Commands.ReceiveNotification({ uId: accountId, bearer, body }));
  }
}
