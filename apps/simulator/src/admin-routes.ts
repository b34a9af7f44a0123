import { AdminError, type SimulatorAdmin } from './admin.js';
import { errorRuleShape } from './error-rules.js';
import { faultsPatchShape } from './faults.js';
import { failPairShape } from './pair-rules.js';
import {
  anyText,
  atLeast,
  either,
  flag,
  list,
  object,
  oneOf,
  optional,
  type Shape,
  ShapeError,
  text,
  whole,
} from './shape.js';
import type { SimulatorRequest, SimulatorResponse } from './transport.js';

interface AdminVisit {
  admin: SimulatorAdmin;
  uId: string;
  query: URLSearchParams;
  /** The body read by a shape. */
  readonly read: <T>(shape: Shape<T>) => T;
}

type AdminRoute = (visit: AdminVisit) => unknown;

const moment = optional(either(atLeast(0), text));
const pricingParam = optional(oneOf('STDQ', 'PLUS'));
const ref = { adamId: text, pricingParam };
const pair = object({ ...ref, serialNumber: optional(text), clientUserId: optional(text) });
const licences = { ...ref, count: whole(1) };

const content = {
  name: optional(text),
  bundleId: optional(text),
  artistName: optional(text),
  genre: optional(text),
  version: optional(text),
  externalVersionId: optional(whole(0)),
  minimumOSVersion: optional(text),
  price: optional(atLeast(0)),
  size: optional(whole(0)),
  deviceAssignable: optional(flag),
  availability: optional(oneOf('listed', 'unlisted', 'custom', 'delisted')),
  storefronts: optional(list(text)),
  supportedPlatforms: optional(list(oneOf('iOS', 'macOS', 'tvOS', 'watchOS', 'visionOS'))),
};

const newAsset = object({
  ...ref,
  ...content,
  productType: optional(oneOf('App', 'Book')),
  revocable: optional(flag),
  total: optional(whole(0)),
  unlimited: optional(flag),
});

const newLocation = object({
  uId: optional(text),
  name: text,
  country: optional(text),
  platform: optional(oneOf('enterprisestore', 'volumestore')),
  tokenExpiresAt: moment,
  readOnly: optional(flag),
  fileName: optional(text),
});

const newToken = object({
  expiresAt: moment,
  readOnly: optional(flag),
  keepOld: optional(flag),
  fileName: optional(text),
  text: optional(text),
});

const tokenState = object({
  state: oneOf('active', 'expired', 'revoked', 'invalid', 'login-required'),
  token: optional(text),
});

const mdmInfo = object({ id: text, name: text, metadata: anyText });

const seededAssignments = object({
  ...ref,
  serialNumbers: optional(list(text)),
  clientUserIds: optional(list(text)),
  count: optional(whole(1)),
  prefix: optional(text),
  startAt: optional(whole(0)),
});

const seededUser = object({
  clientUserId: text,
  email: optional(text),
  managedAppleId: optional(text),
  account: optional(text),
  status: optional(oneOf('Registered', 'Associated', 'Retired')),
});

/** A body that changes a list of rules: an array, or one of them. */
function oneOrMany<T>(shape: Shape<T>): Shape<T[]> {
  return (value, at) => (Array.isArray(value) ? list(shape)(value, at) : [shape(value, at)]);
}

/** By method and path; `:uId` is a location. */
const routes: ReadonlyMap<string, AdminRoute> = new Map<string, AdminRoute>([
  ['GET /admin/locations', ({ admin }) => ({ locations: admin.locations() })],
  ['POST /admin/locations', ({ admin, read }) => admin.createLocation(read(newLocation))],
  ['POST /admin/locations/:uId/tokens', ({ admin, uId, read }) => admin.issueToken(uId, read(newToken))],
  [
    'POST /admin/locations/:uId/token-state',
    ({ admin, uId, read }) => {
      const { state, token } = read(tokenState);
      admin.setTokenState(uId, state, token);
    },
  ],
  [
    'POST /admin/locations/:uId/mdm-info',
    ({ admin, uId, read }) => admin.takeOver(uId, read(optional(mdmInfo)) ?? null),
  ],
  [
    'POST /admin/locations/:uId/notification-url',
    ({ admin, uId, read }) =>
      admin.setNotificationUrl(uId, read(object({ url: optional(text) })).url ?? null),
  ],
  [
    'POST /admin/locations/:uId/managed-domains',
    ({ admin, uId, read }) =>
      admin.setManagedDomains(uId, read(object({ domains: optional(list(text)) })).domains ?? null),
  ],
  ['GET /admin/locations/:uId/assets', ({ admin, uId }) => ({ assets: admin.assets(uId) })],
  [
    'POST /admin/locations/:uId/assets',
    ({ admin, uId, read }) => admin.addAssets(uId, read(object({ assets: list(newAsset) })).assets),
  ],
  [
    'POST /admin/locations/:uId/purchase',
    ({ admin, uId, read }) => admin.purchase(uId, read(object(licences))),
  ],
  [
    'POST /admin/locations/:uId/refund',
    ({ admin, uId, read }) => admin.refund(uId, read(object({ ...licences, force: optional(flag) }))),
  ],
  [
    'POST /admin/locations/:uId/transfer',
    ({ admin, uId, read }) => admin.transfer(uId, read(object({ ...licences, to: text }))),
  ],
  [
    'POST /admin/locations/:uId/traits',
    ({ admin, uId, read }) =>
      admin.setTraits(
        uId,
        read(object({ ...ref, deviceAssignable: optional(flag), revocable: optional(flag) })),
      ),
  ],
  ['GET /admin/locations/:uId/assignments', ({ admin, uId }) => admin.assignments(uId)],
  ['GET /admin/locations/:uId/overtaken', ({ admin, uId }) => admin.overtaken(uId)],
  [
    'POST /admin/locations/:uId/assignments/seed',
    ({ admin, uId, read }) => ({ added: admin.seedAssignments(uId, read(seededAssignments)) }),
  ],
  [
    'POST /admin/locations/:uId/assignments/add',
    ({ admin, uId, read }) => admin.addAssignment(uId, read(pair)),
  ],
  [
    'POST /admin/locations/:uId/assignments/remove',
    ({ admin, uId, read }) => admin.removeAssignment(uId, read(pair)),
  ],
  ['GET /admin/locations/:uId/users', ({ admin, uId }) => ({ users: admin.users(uId) })],
  [
    'POST /admin/locations/:uId/users',
    ({ admin, uId, read }) => admin.seedUsers(uId, read(object({ users: list(seededUser) })).users),
  ],
  [
    'POST /admin/locations/:uId/users/retire',
    ({ admin, uId, read }) => admin.retireUser(uId, read(object({ clientUserId: text })).clientUserId),
  ],
  [
    'POST /admin/locations/:uId/users/accept-invite',
    ({ admin, uId, read }) => {
      const { clientUserId, account } = read(object({ clientUserId: text, account: text }));
      admin.acceptInvite(uId, clientUserId, account);
    },
  ],
  [
    'POST /admin/content',
    ({ admin, read }) => {
      const { adamId, ...change } = read(object({ adamId: text, ...content }));
      admin.setContent(adamId, change);
    },
  ],
  ['GET /admin/faults', ({ admin }) => admin.faults()],
  ['POST /admin/faults', ({ admin, read }) => admin.setFaults(read(faultsPatchShape))],
  ['POST /admin/faults/reset', ({ admin }) => admin.resetFaults()],
  ['GET /admin/error-rules', ({ admin }) => ({ rules: admin.errorRules() })],
  [
    'POST /admin/error-rules',
    ({ admin, read }) => ({
      ruleIds: read(oneOrMany(errorRuleShape)).map((rule) => admin.addErrorRule(rule)),
    }),
  ],
  [
    'POST /admin/error-rules/clear',
    ({ admin, read }) => admin.clearErrorRules(read(object({ ruleId: optional(whole(1)) })).ruleId),
  ],
  ['GET /admin/fail-pairs', ({ admin }) => ({ rules: admin.failingPairs() })],
  ['POST /admin/fail-pairs', ({ admin, read }) => admin.failPairs(read(oneOrMany(failPairShape)))],
  ['POST /admin/fail-pairs/clear', ({ admin }) => admin.clearFailPairs()],
  ['POST /admin/events/pause', ({ admin }) => admin.pauseEvents()],
  ['POST /admin/events/resume', ({ admin }) => admin.resumeEvents()],
  ['POST /admin/events/complete', async ({ admin }) => ({ completed: await admin.completeEvents() })],
  ['GET /admin/stats', ({ admin }) => admin.stats()],
  ['POST /admin/reset-stats', ({ admin }) => admin.resetStats()],
  [
    'GET /admin/requests',
    ({ admin, query }) => ({
      requests: admin.requests(numberOf(query, 'since', 0), numberOf(query, 'limit', 1000)),
    }),
  ],
]);

function numberOf(query: URLSearchParams, name: string, absent: number): number {
  const value = query.get(name);
  if (value === null) return absent;
  if (!/^\d{1,15}$/.test(value)) throw new ShapeError(`${name} must be a whole number`);
  return Number(value);
}

/** Answers the admin endpoint: 200 with JSON, 400 for a request that makes no sense, 404 for what does not exist. */
export async function answerAdmin(
  admin: SimulatorAdmin,
  request: SimulatorRequest,
): Promise<SimulatorResponse> {
  const url = new URL(request.path, 'http://simulator.invalid');
  const parts = url.pathname.split('/');
  const uId = parts[2] === 'locations' ? decodeURIComponent(parts[3] ?? '') : '';
  if (uId !== '') parts[3] = ':uId';
  const route = routes.get(`${request.method.toUpperCase()} ${parts.join('/')}`);
  if (route === undefined) return answer(404, { error: `no ${request.method} ${url.pathname}` });
  try {
    const read = <T>(shape: Shape<T>): T =>
      shape(request.body === '' ? {} : (JSON.parse(request.body) as unknown), '');
    return answer(200, (await route({ admin, uId, query: url.searchParams, read })) ?? { ok: true });
  } catch (error) {
    if (error instanceof AdminError) return answer(error.notFound ? 404 : 400, { error: error.message });
    if (error instanceof ShapeError || error instanceof SyntaxError) {
      return answer(400, { error: error.message });
    }
    throw error;
  }
}

function answer(status: number, body: unknown): SimulatorResponse {
  return {
    status,
    headers: { 'content-type': 'application/json;charset=UTF-8' },
    body: JSON.stringify(body),
  };
}
