import { Inject } from '@nestjs/common';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import {
  Seatbook,
  cancelWaiting,
  placeOrder,
  returnAll,
  type OrderRequest,
  type PlacedOrder,
  type Caller,
} from '@seatbook/application';

/** AssignLicense and ReturnLicense. */
export class PlaceOrderCommand extends Command<PlacedOrder> {
  constructor(
    readonly order: OrderRequest,
    readonly caller: Caller,
  ) {
    super();
  }
}

@CommandHandler(PlaceOrderCommand)
export class PlaceOrderHandler implements ICommandHandler<PlaceOrderCommand> {
  constructor(@Inject(Seatbook) private readonly seatbook: Seatbook) {}

  execute({ order, caller }: PlaceOrderCommand): Promise<PlacedOrder> {
    return placeOrder(this.seatbook, order, caller);
  }
}

export class ReturnAllCommand extends Command<PlacedOrder> {
  constructor(
    readonly uId: string,
    readonly serialNumber: string,
    readonly caller: Caller,
  ) {
    super();
  }
}

@CommandHandler(ReturnAllCommand)
export class ReturnAllHandler implements ICommandHandler<ReturnAllCommand> {
  constructor(@Inject(Seatbook) private readonly seatbook: Seatbook) {}

  execute({ uId, serialNumber, caller }: ReturnAllCommand): Promise<PlacedOrder> {
    return returnAll(this.seatbook, uId, serialNumber, caller);
  }
}

export class CancelWaitingCommand extends Command<PlacedOrder> {
  constructor(
    readonly orderId: string,
    readonly caller: Caller,
  ) {
    super();
  }
}

@CommandHandler(CancelWaitingCommand)
export class CancelWaitingHandler implements ICommandHandler<CancelWaitingCommand> {
  constructor(@Inject(Seatbook) private readonly seatbook: Seatbook) {}

  execute({ orderId, caller }: CancelWaitingCommand): Promise<PlacedOrder> {
    return cancelWaiting(this.seatbook, orderId, caller);
  }
}
