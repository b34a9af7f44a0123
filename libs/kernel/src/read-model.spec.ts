import { readModel, type IndexOf } from './read-model.js';

interface Lamp {
  readonly room: string;
  readonly lit: boolean;
}

const lamps = readModel<Lamp>()({
  name: 'lamps',
  version: 1,
  handles: [],
  keysOf: () => [],
  evolve: () => null,
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
      ...lamps,
      // @ts-expect-error a lamp has no floor
      indexes: [{ name: 'by-floor', fields: ['floor'] }],
    });
    expect(model.name).toBe('lamps');
  });
});
