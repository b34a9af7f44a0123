import type { Envelope } from './event.js';
import { readModel, type IndexOf } from './read-model.js';

interface Lamp {
  readonly room: string;
  readonly lit: boolean;
}

const lamps = readModel<Lamp>()({
  name: 'lamps',
  version: 1,
  on: {},
  indexes: [{ name: 'by-room', fields: ['room', 'lit'] }],
});

describe('a read model', () => {
  it('knows its indexes by name', () => {
    const known: IndexOf<typeof lamps> = 'by-room';
    // @ts-expect-error there is no such index
    const unknown: IndexOf<typeof lamps> = 'by-floor';
    expect(lamps.indexes.map(({ name }) => name)).toEqual([known]);
    expect(unknown).not.toBe(known);
  });

  it('does not compile with an index of a field that its documents do not have', () => {
    const model = readModel<Lamp>()({
      name: 'lamps',
      version: 1,
      on: {},
      // @ts-expect-error a lamp has no floor
      indexes: [{ name: 'by-floor', fields: ['floor'] }],
    });
    expect(model.name).toBe('lamps');
  });

  it('has in every index what the key as text does not order: numbers, and shared texts', () => {
    const declared = (...fields: ('room' | 'switched')[]) =>
      readModel<{ room: string; switched: number }>()({
        name: 'switchings',
        version: 1,
        on: {},
        key: { switched: 'number', room: 'text' },
        shared: ['room'],
        indexes: [{ name: 'by-room', fields }],
      });
    expect(declared('room', 'switched').key).toEqual({ switched: 'number', room: 'text' });
    expect(() => declared('room')).toThrow(/by-room of switchings needs the field switched/);
    expect(() => declared('switched')).toThrow(/by-room of switchings needs the field room/);
  });

  it('handles the events that it has a function for, and leaves documents alone by others', () => {
    type LampEvent =
      | { readonly type: 'lamp.lit'; readonly data: { readonly room: string } }
      | { readonly type: 'lamp.cleaned'; readonly data: { readonly by: string } };
    const model = readModel<Lamp, LampEvent>()({
      name: 'lamps',
      version: 1,
      on: { 'lamp.lit': ({ data: { room } }) => [{ key: room, evolve: () => ({ room, lit: true }) }] },
      indexes: [],
    });
    const event = (type: LampEvent['type']): Envelope<LampEvent> =>
      ({ type, data: { room: 'hall' } }) as unknown as Envelope<LampEvent>;
    expect(model.handles).toEqual(['lamp.lit']);
    expect(model.changesBy(event('lamp.cleaned'))).toEqual([]);
    const [change] = model.changesBy(event('lamp.lit'));
    expect([change?.key, change?.evolve(null)]).toEqual(['hall', { room: 'hall', lit: true }]);
  });

  it('does not compile with a function for an event that it does not know', () => {
    readModel<Lamp, { readonly type: 'lamp.lit'; readonly data: object }>()({
      name: 'lamps',
      version: 1,
      // @ts-expect-error no such event
      on: { 'lamp.broken': () => [] },
      indexes: [],
    });
  });

  it('of every event has one function for all', () => {
    const model = readModel<{ type: string }>()({
      name: 'types',
      version: 1,
      on: { '*': ({ type }) => [{ key: type, evolve: () => ({ type }) }] },
      indexes: [],
    });
    expect(model.handles).toEqual(['*']);
    const event = { type: 'lamp.lit' } as Envelope;
    expect(model.changesBy(event).map(({ key }) => key)).toEqual(['lamp.lit']);
  });
});
