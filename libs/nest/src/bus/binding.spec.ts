import 'reflect-metadata';
import { CommandBus, CqrsModule, QueryBus } from '@nestjs/cqrs';
import { Test } from '@nestjs/testing';
import { SeatbookEdge } from '@seatbook/application';
import { Refusal } from '@seatbook/kernel';
import { BoundCommandHandler, BoundQueryHandler, CommandOf, QueryOf } from './binding.js';
import * as messages from './messages.js';

class Rename extends CommandOf(async (_edge: SeatbookEdge, { name }: { name: string }, by: string) => {
  if (name === '') throw new Refusal('INVALID_NAME', 'a name has letters');
  return `${name} by ${by}`;
}) {}
class CountNames extends QueryOf(async (edge: SeatbookEdge) => [edge]) {}
class CountLetters extends QueryOf(async (_edge: SeatbookEdge, name: string) => name.length) {}

describe('the one binding of the buses', () => {
  const edge = Object.create(SeatbookEdge.prototype) as SeatbookEdge;
  let commands: CommandBus;
  let queries: QueryBus;
  beforeAll(async () => {
    const providers = [{ provide: SeatbookEdge, useValue: edge }, BoundCommandHandler, BoundQueryHandler];
    const module = await Test.createTestingModule({ imports: [CqrsModule.forRoot()], providers }).compile();
    await module.init();
    commands = module.get(CommandBus);
    queries = module.get(QueryBus);
  });

  it('gives each command and query to its function of the application, with what it was asked', async () => {
    const renamed: string = await commands.execute(new Rename({ name: 'Berlin' }, 'owner'));
    const letters: number = await queries.execute(new CountLetters('Berlin'));
    expect([renamed, letters]).toEqual(['Berlin by owner', 6]);
    expect((await queries.execute(new CountNames()))[0]).toBe(edge);
  });

  it('passes refusals on', async () => {
    await expect(commands.execute(new Rename({ name: '' }, 'owner'))).rejects.toMatchObject({
      code: 'INVALID_NAME',
    });
  });

  it('shows who listens on a bus the name of the command', async () => {
    const seen: string[] = [];
    const listening = commands.subscribe((command) => seen.push(command.constructor.name));
    await commands.execute(new Rename({ name: 'Lyon' }, 'owner'));
    listening.unsubscribe();
    expect(seen).toEqual(['Rename']);
  });

  it('does not compile with a question that the function cannot answer', () => {
    // @ts-expect-error a name is text
    expect(new CountLetters(7).asked).toEqual([7]);
    // @ts-expect-error who renames is missing
    expect(new Rename({ name: 'Lyon' }).asked).toEqual([{ name: 'Lyon' }]);
  });

  it('is all that a command needs: no message is left without its function', () => {
    for (const [name, Message] of Object.entries(messages)) {
      // What it is asked does not matter here.
      const { work } = new (Message as unknown as new () => { work: unknown })();
      expect([name, typeof work]).toEqual([name, 'function']);
    }
  });
});
