import { Refusal } from './apple-errors.js';
import { walkPage } from './page-walk.js';
import { rowsOf } from './page.js';
import { booleanParameter } from './query-parameters.js';
import { userBody } from './user.js';
import type { Answer, Visit } from './world.js';

/** GET users. A user retired since shows in a delta as Retired. */
export function listUsers(visit: Visit): Answer {
  const { location, query } = visit;
  const clientUserId = query.get('clientUserId');
  const activeOnly = booleanParameter(query, 'activeOnly') ?? false;
  const retiredOnly = booleanParameter(query, 'retiredOnly') ?? false;
  const { items, members } = walkPage(visit, location.versions.users, () => {
    const sinceVersionId = query.get('sinceVersionId');
    const since = sinceVersionId === null ? null : location.versions.users.counterOf(sinceVersionId);
    if (sinceVersionId !== null && since === null) throw new Refusal(9721);
    const rows = location.users.all.filter(
      (user) =>
        (clientUserId === null || user.clientUserId === clientUserId) &&
        !(activeOnly && user.status === 'Retired') &&
        !(retiredOnly && user.status !== 'Retired') &&
        (since === null || user.change > since),
    );
    return rowsOf(rows);
  });
  return { users: items.map(userBody), ...members };
}
