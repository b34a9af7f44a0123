export { createApplication } from './http/create-application.js';
export { AssignLicense } from './bus/messages.js';
export { Product, type StartListener } from './product.js';
export { SeatbookModule } from './seatbook.module.js';
