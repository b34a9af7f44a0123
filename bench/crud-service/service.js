import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { Body, Controller, HttpCode, Module, Post, ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { ArrayNotEmpty, IsArray, IsString, MaxLength } from 'class-validator';
import postgres from 'postgres';

/**
 * What somebody would write who needs no history: a Nest service with Fastify that checks the body of an order and
 * inserts one row in PostgreSQL. The address of the database is in CRUD_DATABASE. It tells its parent where it listens.
 */
const sql = postgres(process.env.CRUD_DATABASE ?? '', { max: 10 });
await sql`CREATE TABLE IF NOT EXISTS orders (
  id uuid PRIMARY KEY, kind text NOT NULL, account text NOT NULL, assets text[] NOT NULL, serials text[] NOT NULL,
  placed timestamptz NOT NULL DEFAULT now())`;

class PlaceOrder {}
for (const field of ['kind', 'accountId']) {
  IsString()(PlaceOrder.prototype, field);
  MaxLength(200)(PlaceOrder.prototype, field);
}
for (const field of ['assetIds', 'serialNumbers']) {
  IsArray()(PlaceOrder.prototype, field);
  ArrayNotEmpty()(PlaceOrder.prototype, field);
  IsString({ each: true })(PlaceOrder.prototype, field);
}

class OrdersController {
  /** @param {{ kind: string, accountId: string, assetIds: string[], serialNumbers: string[] }} order */
  async place({ kind, accountId, assetIds, serialNumbers }) {
    const orderId = randomUUID();
    await sql`INSERT INTO orders (id, kind, account, assets, serials)
      VALUES (${orderId}, ${kind}, ${accountId}, ${assetIds}, ${serialNumbers})`;
    return { orderId, kind, accountId, state: 'placed' };
  }
}
const { prototype } = OrdersController;
const method = Object.getOwnPropertyDescriptor(prototype, 'place') ?? {};
Reflect.defineMetadata('design:paramtypes', [PlaceOrder], prototype, 'place');
Body()(prototype, 'place', 0);
HttpCode(201)(prototype, 'place', method);
Post('orders')(prototype, 'place', method);
Controller()(OrdersController);

class CrudModule {}
Module({ controllers: [OrdersController] })(CrudModule);

const app = await NestFactory.create(CrudModule, new FastifyAdapter(), { logger: false });
app.useGlobalPipes(new ValidationPipe({ whitelist: true, forbidNonWhitelisted: true, transform: true }));
await app.listen(0, '127.0.0.1');
process.send?.({ listening: app.getHttpServer().address().port });
process.on('disconnect', () => process.exit(0));
