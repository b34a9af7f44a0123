import { Inject } from '@nestjs/common';
import { Command, CommandHandler, type ICommandHandler } from '@nestjs/cqrs';
import {
  Seatbook,
  cancelWaiting,
  placeOrder,
  returnAll,
  type OrderRequest,
  type PlacedOrder,
  type Request,
} from '@seatbook/application';

/** AssignLicense and ReturnLicense. */
export class PlaceOrderCommand extends Command<PlacedOrder> {
  constructor(
    readonly order: OrderRequest,
    readonly request: Request,
  ) {
    super();
  }
}

@CommandHandler(PlaceOrderCommand)
export class PlaceOrderHandler implements ICommandHandler<PlaceOrderCommand> {
  constructor(@Inject(Seatbook) private readonly seatbook: Seatbook) {}

  execute({ order, request }: PlaceOrderCommand): Promise<PlacedOrder> {
    return placeOrder(this.seatbook, order, request);
  }
}

export class ReturnAllCommand extends Command<PlacedOrder> {
  constructor(
    readonly uId: string,
    readonly serialNumber: string,
    readonly request: Request,
  ) {
    super();
  }
}

@CommandHandler(ReturnAllCommand)
export class ReturnAllHandler implements ICommandHandler<ReturnAllCommand> {
  constructor(@Inject(Seatbook) private readonly seatbook: Seatbook) {}

  execute({ uId, serialNumber, request }: ReturnAllCommand): Promise<PlacedOrder> {
    return returnAll(this.seatbook, uId, serialNumber, request);
  }
}

export class CancelWaitingCommand extends Command<PlacedOrder> {
  constructor(
    readonly orderId: string,
    readonly request: Request,
  ) {
    super();
  }
}

@CommandHandler(CancelWaitingCommand)
export class CancelWaitingHandler implements ICommandHandler<CancelWaitingCommand> {
  constructor(@Inject(Seatbook) private readonly seatbook: Seatbook) {}

  execute({ orderId, request }: CancelWaitingCommand): Promise<PlacedOrder> {
    return cancelWaiting(this.seatbook, orderId, request);
  }
}
