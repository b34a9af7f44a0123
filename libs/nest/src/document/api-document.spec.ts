import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { EdgeHost } from '@seatbook/host';
import { expectCheckedIn } from '@seatbook/test-support/checked-in';
import { SeatbookModule } from '../seatbook.module.js';
import { apiDocument } from './api-document.js';

it('is checked in as it is', async () => {
  // In preview mode nothing is made, so nothing asks the host for anything.
  const module = SeatbookModule.over({} as EdgeHost);
  const app = await NestFactory.create(module, new FastifyAdapter(), { preview: true, logger: false });
  expectCheckedIn('docs/openapi.json', `${JSON.stringify(apiDocument(app), null, 2)}\n`, 'api-document');
});
