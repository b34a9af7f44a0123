import { asksForProfile, composedProfile, digestOf } from './device-profile.js';

const app = (bundleId: string, cellularData: boolean, dataRoaming: boolean) => ({
  bundleId,
  cellularData,
  dataRoaming,
});

it('puts each app into one rule, and those that may do all into none', () => {
  const apps = [
    app('com.example.maps', true, false),
    app('com.example.video', false, true),
    app('com.example.audio', false, false),
    app('com.example.notes', true, true),
  ];
  expect(composedProfile(apps)).toEqual({
    rules: [
      { bundleIds: ['com.example.audio', 'com.example.video'], cellularData: false, dataRoaming: false },
      { bundleIds: ['com.example.maps'], cellularData: true, dataRoaming: false },
    ],
  });
  expect(composedProfile([...apps].reverse())).toEqual(composedProfile(apps));
});

it('is none where nobody asks for anything, and has another digest for another content', () => {
  expect(composedProfile([app('com.example.notes', true, true)])).toBeNull();
  expect(digestOf(null)).toBe('');
  const one = digestOf(composedProfile([app('com.example.a', true, false)]));
  expect(digestOf(composedProfile([app('com.example.a', true, false)]))).toBe(one);
  expect(digestOf(composedProfile([app('com.example.a', false, false)]))).not.toBe(one);
});

it('asks for nothing where settings say nothing of it, as those of earlier versions do', () => {
  expect(asksForProfile({})).toBe(false);
  expect(asksForProfile({ cellularData: true, dataRoaming: true })).toBe(false);
  expect([{ cellularData: false }, { dataRoaming: false }].every(asksForProfile)).toBe(true);
});
