import { MAX_TOLD } from '../ports.js';
import { DEFAULT_TIMINGS } from '../timings.js';
import {
  appSettingsDecider,
  type AppSettingsCommand,
  type AppSettingsState,
} from './app-settings-decider.js';
import type { AppSettingsEvent } from './app-settings-events.js';
import { appSettingsSteps } from './app-settings-steps.js';

const decider = appSettingsDecider(DEFAULT_TIMINGS);
const APP = { uId: '77', adamId: '900000001' };

function run(...commands: readonly AppSettingsCommand[]): {
  state: AppSettingsState;
  last: readonly AppSettingsEvent[];
} {
  let state = decider.initial();
  let last: readonly AppSettingsEvent[] = [];
  for (const command of commands) {
    last = decider.decide(command, state, 1_000);
    for (const event of last) state = decider.evolve(state, event);
  }
  return { state, last };
}

const set = (settings: AppSettingsState['settings']): AppSettingsCommand => ({
  type: 'SetAppSettings',
  ...APP,
  settings,
});
const waits = ({ state }: ReturnType<typeof run>): boolean =>
  appSettingsSteps['tell-devices'].due(state) !== null;
const tell = (...serialNumbers: readonly string[]): AppSettingsCommand => ({
  type: 'TellDevices',
  serialNumbers,
});

it('devices are told of what stands in their profiles, and of nothing else', () => {
  expect(waits(run(set({ mandatory: true, preventBackup: true })))).toBe(false);
  expect(waits(run(set({ dataRoaming: false })))).toBe(true);
  expect(waits(run(set({ dataRoaming: false }), tell('S1')))).toBe(false);
  expect(
    waits(run(set({ dataRoaming: false }), tell('S1'), set({ dataRoaming: false, mandatory: true }))),
  ).toBe(false);
  expect(waits(run(set({ dataRoaming: false }), tell('S1'), set({})))).toBe(true);
});

it('thousands are told at a time, and the rest next', () => {
  const many = Array.from({ length: MAX_TOLD }, (_serial, index) => `S${String(index).padStart(6, '0')}`);
  const first = run(set({ cellularData: false }), tell(...many));
  expect(first.last).toHaveLength(MAX_TOLD / 1_000);
  expect(first.state.tellAfter).toBe(many.at(-1));
  const second = run(set({ cellularData: false }), tell(...many), tell('T1'));
  expect(second.last).toMatchObject([{ data: { serialNumbers: ['T1'], after: null } }]);
  expect(waits(second)).toBe(false);
  expect(run(set({ cellularData: false }), tell()).last).toMatchObject([
    { data: { serialNumbers: [], after: null } },
  ]);
});

it('another payload of a profile is told where it is named', () => {
  const named = set({ sso: { profileId: 'p1', baseUrlMatches: null } });
  const replaced = { type: 'ReplacePayload', profileId: 'p1' } as const;
  expect(waits(run(named, tell('S1'), replaced))).toBe(true);
  expect(waits(run(set({ vpnProfileId: 'p1' }), tell('S1'), replaced))).toBe(true);
  expect(run(named, tell('S1'), { ...replaced, profileId: 'p2' }).last).toEqual([]);
});
