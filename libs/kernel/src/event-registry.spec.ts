import {
  EventRegistry,
  NewerEventVersion,
  UnknownEventType,
  firstVersions,
  isUnreadableEvent,
  type Upcaster,
} from './event-registry.js';

const renamed: Upcaster = ({ serial }: { serial: string }) => ({ serialNumber: serial });
const listed: Upcaster = ({ serialNumber }: { serialNumber: string }) => ({ serialNumbers: [serialNumber] });
const registry = new EventRegistry([{ type: 'thing.moved', version: 3, upcasters: [renamed, listed] }]);
const stored = (version: number, data: unknown) => ({
  type: 'thing.moved',
  stream: 'thing-1',
  data,
  metadata: { version },
});

describe('the registry of events', () => {
  it('lifts data of the first version through every upcaster', () => {
    expect(registry.upcast(stored(1, { serial: 'A' }))).toEqual({ serialNumbers: ['A'] });
  });

  it('lifts data of a middle version through the remaining upcasters', () => {
    expect(registry.upcast(stored(2, { serialNumber: 'A' }))).toEqual({ serialNumbers: ['A'] });
  });

  it("leaves data of today's version as it is", () => {
    const data = { serialNumbers: ['A'] };
    expect(registry.upcast(stored(3, data))).toBe(data);
  });

  it('refuses data that is newer than this build', () => {
    expect(() => registry.upcast(stored(4, {}))).toThrow(NewerEventVersion);
  });

  it('names the type and the stream of an event that nobody registered', () => {
    const foreign = { type: 'other.happened', stream: 'other-1', data: {}, metadata: { version: 1 } };
    expect(registry.problemOf(foreign)).toBeInstanceOf(UnknownEventType);
    expect(() => registry.upcast(foreign)).toThrow(UnknownEventType);
    expect(registry.problemOf(foreign)?.message).toMatch(/^other-1 .* other\.happened/);
  });

  it('tells what it cannot read by a code', () => {
    expect(registry.problemOf(stored(3, {}))).toBeNull();
    expect(registry.problemOf(stored(4, {}))?.code).toBe('NEWER_EVENT_VERSION');
    expect(isUnreadableEvent(registry.problemOf(stored(4, {})))).toBe(true);
    expect(isUnreadableEvent(new Error('other'))).toBe(false);
  });

  it('names the version to write, and knows no unregistered type', () => {
    expect(registry.versionOf('thing.moved')).toBe(3);
    expect(() => registry.versionOf('other.happened')).toThrow(/not registered/);
  });

  it('refuses a type that is registered twice', () => {
    const group = firstVersions<{ type: 'thing.moved'; data: object }>({ 'thing.moved': true });
    expect(() => new EventRegistry(group, group)).toThrow(/registered twice/);
  });

  it('refuses a version without all of its upcasters', () => {
    expect(() => new EventRegistry([{ type: 'thing.moved', version: 3, upcasters: [renamed] }])).toThrow(
      /needs 2 upcasters/,
    );
  });
});
