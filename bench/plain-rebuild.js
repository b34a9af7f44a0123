import Database from 'better-sqlite3';
import { idOf } from '@seatbook/kernel';
import { assetOf } from '@seatbook/licensing';

/**
 * The baseline of a rebuild: read the log in order, parse each event, one upsert for each, a transaction for every
 * `batch` events, with the very indexes of ours there from the beginning. As ours: WAL, synchronous=NORMAL.
 * @param {string} eventsFile
 * @param {string} file
 * @param {number} batch
 */
export function rebuildPlainly(eventsFile, file, batch) {
  const log = new Database(eventsFile, { readonly: true });
  const views = new Database(file);
  views.pragma('journal_mode = WAL');
  views.pragma('synchronous = NORMAL');
  views.pragma('wal_autocheckpoint = 4000');
  views.pragma('cache_size = -64000');
  views.exec(`
    CREATE TABLE pairs (
      key TEXT PRIMARY KEY,
      uId TEXT NOT NULL,
      adamId TEXT NOT NULL,
      pricingParam TEXT NOT NULL,
      asset TEXT NOT NULL,
      holder TEXT NOT NULL,
      state TEXT NOT NULL,
      orderId TEXT,
      callId TEXT,
      since INTEGER NOT NULL,
      position INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX by_holder ON pairs (holder, uId, adamId, key);
    CREATE INDEX by_asset ON pairs (asset, state, key);
    CREATE INDEX by_state ON pairs (uId, state, key)`);
  const page = log
    .prepare(
      `SELECT e.position, s.name, e.type, e.data, e.metadata FROM events e CROSS JOIN streams s ON s.id = e.stream
       WHERE e.position > ? ORDER BY e.position LIMIT ?`,
    )
    .raw();
  const upsert = views.prepare(`
    INSERT INTO pairs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (key) DO UPDATE SET
      since = CASE WHEN state = excluded.state THEN since ELSE excluded.since END,
      state = excluded.state,
      orderId = coalesce(excluded.orderId, orderId),
      callId = excluded.callId,
      position = excluded.position`);
  let position = 0;
  for (;;) {
    const rows = /** @type {[number, string, string, string, string][]} */ (page.all(position, batch));
    if (rows.length === 0) break;
    views.exec('BEGIN');
    for (const [at, stream, type, dataText, metadataText] of rows) {
      const data = JSON.parse(dataText);
      const { recordedAt } = JSON.parse(metadataText);
      const { holders, state, orderId, callId } = meaningOf(type, data);
      const asset = idOf(stream);
      const { uId, adamId, pricingParam } = assetOf(asset);
      const holder = `d:${holders.serialNumbers[0]}`;
      upsert.run(
        `${asset}|${holder}`,
        uId,
        adamId,
        pricingParam,
        asset,
        holder,
        state,
        orderId,
        callId,
        recordedAt,
        at,
      );
    }
    views.exec('COMMIT');
    position = rows.at(-1)?.[0] ?? position;
  }
  const rows = views.prepare('SELECT key, state, orderId, callId, since, position FROM pairs').raw().all();
  log.close();
  views.close();
  return new Map(
    /** @type {[string, ...unknown[]][]} */ (rows).map(([key, ...fields]) => [key, fields.join(' ')]),
  );
}

/**
 * What an event with one holder makes of its pair.
 * @param {string} type
 * @param {any} data
 * @returns {{ holders: { serialNumbers: string[] }, state: string, orderId: string | null, callId: string | null }}
 */
function meaningOf(type, data) {
  switch (type) {
    case 'asset.licenses-reserved':
      return { holders: data.reserved, state: 'reserved', orderId: data.orderId, callId: null };
    case 'asset.licenses-claimed': {
      const state = data.action === 'associate' ? 'claimed' : 'returning';
      return { holders: data, state, orderId: null, callId: data.callId };
    }
    case 'asset.licenses-assigned':
      return { holders: data, state: 'assigned', orderId: null, callId: null };
    case 'asset.licenses-returning':
      return { holders: data.returning, state: 'returning', orderId: data.orderId, callId: null };
    default:
      throw new Error(`no such event in this log: ${type}`);
  }
}
