import { Inject } from '@nestjs/common';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import {
  accountStream,
  accountsModel,
  reconciliationStream,
  unknownAccount,
  type Account,
} from '@seatbook/licensing';
import type { Outcome } from '@seatbook/runtime';
import {
  Seatbook,
  contextOf,
  importToken,
  renewToken,
  requestId,
  type ImportToken,
  type Caller,
} from '@seatbook/application';

export class ImportTokenCommand extends Command<{ uId: string; outcome: Outcome }> {
  constructor(
    readonly order: ImportToken,
    readonly caller: Caller,
  ) {
    super();
  }
}

@CommandHandler(ImportTokenCommand)
export class ImportTokenHandler implements ICommandHandler<ImportTokenCommand> {
  constructor(@Inject(Seatbook) private readonly seatbook: Seatbook) {}

  async execute({ order, caller }: ImportTokenCommand): Promise<{ uId: string; outcome: Outcome }> {
    const imported = await importToken(this.seatbook, order, caller);
    // The answer shows the account: it is there in some milliseconds.
    await this.seatbook.reached(accountsModel.name, imported.outcome.position, 5_000);
    return imported;
  }
}

export class RenewTokenCommand extends Command<Outcome> {
  constructor(
    readonly uId: string,
    readonly token: string | Uint8Array,
    readonly caller: Caller,
  ) {
    super();
  }
}

@CommandHandler(RenewTokenCommand)
export class RenewTokenHandler implements ICommandHandler<RenewTokenCommand> {
  constructor(@Inject(Seatbook) private readonly seatbook: Seatbook) {}

  async execute({ uId, token, caller }: RenewTokenCommand): Promise<Outcome> {
    await mustExist(this.seatbook, uId);
    const outcome = await renewToken(this.seatbook, uId, token, caller);
    await this.seatbook.reached(accountsModel.name, outcome.position, 5_000);
    return outcome;
  }
}

export class TakeOverCommand extends Command<Outcome> {
  constructor(
    readonly uId: string,
    readonly caller: Caller,
  ) {
    super();
  }
}

@CommandHandler(TakeOverCommand)
export class TakeOverHandler implements ICommandHandler<TakeOverCommand> {
  constructor(@Inject(Seatbook) private readonly seatbook: Seatbook) {}

  execute({ uId, caller }: TakeOverCommand): Promise<Outcome> {
    const context = contextOf(caller, requestId(caller, this.seatbook.options.ids), { takeOver: uId });
    return this.seatbook.execute(accountStream(uId), { type: 'TakeOver' }, context);
  }
}

export class SyncTotalsCommand extends Command<Outcome> {
  constructor(
    readonly uId: string,
    readonly caller: Caller,
  ) {
    super();
  }
}

@CommandHandler(SyncTotalsCommand)
export class SyncTotalsHandler implements ICommandHandler<SyncTotalsCommand> {
  constructor(@Inject(Seatbook) private readonly seatbook: Seatbook) {}

  async execute({ uId, caller }: SyncTotalsCommand): Promise<Outcome> {
    await mustExist(this.seatbook, uId);
    const command = {
      type: 'RequestTotals',
      reason: `asked for by ${caller.principal}`,
      delayMs: 0,
    } as const;
    const context = contextOf(caller, requestId(caller, this.seatbook.options.ids), { sync: uId });
    return this.seatbook.execute(reconciliationStream(uId), command, context);
  }
}

async function mustExist({ runner }: Seatbook, uId: string): Promise<void> {
  const { state } = await runner.load(accountStream(uId));
  if (!(state as Account).exists) throw unknownAccount();
}
