import type { Milliseconds } from '@seatbook/kernel';
import { MAX_ENROLMENTS, type EnrolmentFault, type MdmApi, type MdmResult } from '@seatbook/licensing';
import { commandPlist } from './commands.js';
import { fetchTransport, type MdmReply, type MdmTransport } from './transport.js';

export interface NanoMdmOptions {
  /** Where its API is, without `/v1` and without a slash at the end. */
  readonly url: string;
  /** Its `-api` key. */
  readonly apiKey: string;
  /** For a request with its answer. */
  readonly timeoutMs: Milliseconds;
  /** HTTP when absent. */
  readonly transport?: MdmTransport;
}

/** NanoMDM knows one user. */
const USER = 'nanomdm';

/** A reason is shown to people; NanoMDM's errors are shorter. */
const MAX_REASON = 200;

/** NanoMDM's own words for a command that it has already. */
const KNOWN_ALREADY = /already exists|duplicate|unique constraint/i;

/** A client of NanoMDM's API. Each request is sent once. */
export function nanoMdm({ url, apiKey, timeoutMs, transport = fetchTransport }: NanoMdmOptions): MdmApi {
  const authorization = `Basic ${Buffer.from(`${USER}:${apiKey}`).toString('base64')}`;
  const put = async (call: 'enqueue' | 'push', ids: readonly string[], body: string): Promise<MdmResult> => {
    if (ids.length === 0 || ids.length > MAX_ENROLMENTS)
      throw new Error(`a request names 1 to ${MAX_ENROLMENTS} enrolments, not ${ids.length}`);
    // Ids of users' channels hold a colon; a comma would be two ids.
    const path = ids.map(encodeURIComponent).join(',');
    try {
      const headers = { authorization, 'content-type': 'application/xml' };
      const reply = await transport({
        method: 'PUT',
        url: `${url}/v1/${call}/${path}`,
        headers,
        body,
        timeoutMs,
      });
      return readReply(reply, call, ids);
    } catch {
      // What a transport says may quote what it was given, the key included.
      return { ok: false, kind: 'transient', reason: 'the MDM server did not answer' };
    }
  };
  return {
    enqueue: (uuid, command, enrolmentIds) => put('enqueue', enrolmentIds, commandPlist(uuid, command)),
    push: (enrolmentIds) => put('push', enrolmentIds, ''),
  };
}

type JsonObject = Readonly<Record<string, unknown>>;

const objectOf = (value: unknown): JsonObject | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : null;

/**
 * The status of the answer says little: 500 is also that of a command which is queued and could not be pushed. What
 * counts is `command_error` (not queued) and `push_error` (queued), of the request or of one enrolment.
 */
function readReply({ status, body }: MdmReply, call: 'enqueue' | 'push', ids: readonly string[]): MdmResult {
  const answer = parsed(body);
  if (status === 401 || status === 403)
    return { ok: false, kind: 'transient', reason: 'the MDM server refuses our key' };
  if (!answer) return { ok: false, kind: 'transient', reason: `the MDM server answered HTTP ${status}` };
  const whole = reasonOf(answer['command_error']);
  if (whole !== null) {
    if (KNOWN_ALREADY.test(whole)) return { ok: true, refused: [], unpushed: [] };
    // What is wrong with its storage passes; a command that it cannot read never becomes readable.
    const kind = /plist|decod|invalid|empty/i.test(whole) ? 'refused' : 'transient';
    return { ok: false, kind, reason: `the MDM server refused the command: ${whole}` };
  }
  const refused: EnrolmentFault[] = [];
  const unpushed: EnrolmentFault[] = [];
  const each = objectOf(answer['status']) ?? {};
  for (const enrolmentId of ids) {
    const one = objectOf(Object.hasOwn(each, enrolmentId) ? each[enrolmentId] : null);
    const error = reasonOf(one?.['command_error']);
    const unheard = reasonOf(one?.['push_error']) ?? reasonOf(answer['push_error']);
    if (error !== null && !KNOWN_ALREADY.test(error)) refused.push({ enrolmentId, reason: error });
    else if (unheard !== null) unpushed.push({ enrolmentId, reason: unheard });
  }
  const told = refused.length + unpushed.length > 0;
  if (status >= 300 && !told)
    return { ok: false, kind: 'transient', reason: `the MDM server answered HTTP ${status}` };
  // A push that reached nobody is no success; a command that was queued is one.
  const failed = call === 'push' && unpushed.length === ids.length;
  return failed
    ? { ok: false, kind: 'transient', reason: unpushed[0]?.reason ?? 'nobody was pushed' }
    : { ok: true, refused, unpushed };
}

function parsed(body: string): JsonObject | null {
  try {
    return objectOf(JSON.parse(body));
  } catch {
    return null;
  }
}

/** Tokens of devices may stand in the errors of a push: anything as long is left out. */
function reasonOf(value: unknown): string | null {
  if (typeof value !== 'string' || value === '') return null;
  return value
    .replace(/[A-Za-z0-9+/=_]{40,}/g, '[redacted]')
    .replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ')
    .slice(0, MAX_REASON)
    .trim();
}
