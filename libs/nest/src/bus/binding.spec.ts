import 'reflect-metadata';
import { CommandBus, CqrsModule, QueryBus } from '@nestjs/cqrs';
import { Test } from '@nestjs/testing';
import { SeatbookEdge } from '@seatbook/application';
import { Refusal } from '@seatbook/kernel';
import { BoundCommandHandler, BoundQueryHandler, commandsOf, queriesOf } from './binding.js';
import { Commands, Queries } from './messages.js';

const Renaming = commandsOf({
  Rename: async (_edge: SeatbookEdge, { name }: { name: string }, by: string) => {
    if (name === '') throw new Refusal('INVALID_REQUEST', 'a name has letters');
    return `${name} by ${by}`;
  },
});
const Looking = queriesOf({
  ShowEdge: async (edge: SeatbookEdge) => [edge],
  CountLetters: async (_edge: SeatbookEdge, name: string) => name.length,
});

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
    const renamed: string = await commands.execute(new Renaming.Rename({ name: 'Berlin' }, 'owner'));
    const letters: number = await queries.execute(new Looking.CountLetters('Berlin'));
    expect([renamed, letters]).toEqual(['Berlin by owner', 6]);
    expect((await queries.execute(new Looking.ShowEdge()))[0]).toBe(edge);
  });

  it('passes refusals on', async () => {
    const renaming = commands.execute(new Renaming.Rename({ name: '' }, 'owner'));
    await expect(renaming).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
  });

  it('shows who listens on a bus the name of the command', async () => {
    const seen: string[] = [];
    const listening = commands.subscribe((command) => seen.push(command.constructor.name));
    await commands.execute(new Renaming.Rename({ name: 'Lyon' }, 'owner'));
    listening.unsubscribe();
    expect(seen).toEqual(['Rename']);
  });

  it('does not compile with a question that the function cannot answer', () => {
    // @ts-expect-error a name is text
    expect(new Looking.CountLetters(7).asked).toEqual([7]);
    // @ts-expect-error who renames is missing
    expect(new Renaming.Rename({ name: 'Lyon' }).asked).toEqual([{ name: 'Lyon' }]);
    // @ts-expect-error nobody registered it
    expect(Renaming.Remove).toBeUndefined();
  });

  it('has a class for all that the application can be asked', () => {
    for (const [name, { name: className }] of Object.entries({ ...Commands, ...Queries }))
      expect(className).toBe(name);
  });
});
