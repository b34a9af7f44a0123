export { createApplication } from './create-application.js';
export { Commands, Queries } from './bus/messages.js';
export { Product, type StartListener } from './product.js';
export { SeatbookModule } from './seatbook.module.js';
