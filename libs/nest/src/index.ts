export { createApplication } from './http/create-application.js';
export { PlaceOrderCommand } from './orders/order-commands.js';
export { Product, type ProductOptions, type StartListener } from './product.js';
export { SeatbookModule } from './seatbook.module.js';
