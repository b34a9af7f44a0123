import { Refusal } from './apple-errors.js';
import type { Assignment } from './asset.js';
import { walkPage } from './page-walk.js';
import { joined, type Rows, rowsOf } from './page.js';
import { booleanParameter } from './query-parameters.js';
import type { Answer, Visit } from './world.js';

/** GET assignments. Removed assignments are invisible in a delta (`sinceVersionId`). */
export function listAssignments(visit: Visit): Answer {
  const { location, query } = visit;
  const withState = booleanParameter(query, 'includeUserState') ?? false;
  const { items, members } = walkPage(visit, location.versions.assignments, () => rowsFor(visit));
  return {
    assignments: items.map((assignment) => assignmentBody(assignment, withState)),
    ...members,
  };
}

function rowsFor({ location, query, world }: Visit): Rows<Assignment> {
  const adamId = query.get('adamId');
  const pricingParam = query.get('pricingParam');
  const serialNumber = query.get('serialNumber');
  const clientUserId = query.get('clientUserId');
  const activeOnly = booleanParameter(query, 'excludeInactiveUsers') ?? false;
  const sinceVersionId = query.get('sinceVersionId');
  const since = sinceVersionId === null ? null : location.versions.assignments.counterOf(sinceVersionId);
  const { assignmentDelta } = world.faults;
  if (sinceVersionId !== null && (since === null || assignmentDelta === 'forgotten')) throw new Refusal(9721);
  if (since !== null && assignmentDelta === 'nothing') return rowsOf([]);
  const parts = [...location.assets.values()]
    .filter(
      ({ facts }) =>
        (adamId === null || facts.adamId === adamId) &&
        (pricingParam === null || facts.pricingParam === pricingParam),
    )
    .map((asset) => asset.assignments);
  if (serialNumber === null && clientUserId === null && !activeOnly && since === null) return joined(parts);

  // Filtering looks at every assignment, so the pages of one walk share its result.
  const key = JSON.stringify([adamId, pricingParam, serialNumber, clientUserId, activeOnly, since]);
  const versionId = location.versions.assignments.id;
  const usersVersionId = location.versions.users.id;
  const { filtered } = location;
  if (
    filtered?.query === key &&
    filtered.versionId === versionId &&
    filtered.usersVersionId === usersVersionId
  ) {
    return rowsOf(filtered.rows);
  }
  const rows = parts.flatMap((part) =>
    part.filter(
      (assignment) =>
        (serialNumber === null || assignment.serialNumber === serialNumber) &&
        (clientUserId === null || assignment.user?.clientUserId === clientUserId) &&
        !(activeOnly && assignment.user?.status === 'Retired') &&
        (since === null || assignment.change > since),
    ),
  );
  location.filtered = { query: key, versionId, usersVersionId, rows };
  return rowsOf(rows);
}

/** An assignment on the wire, also as notifications show it (without the user's state). */
export function assignmentBody(assignment: Assignment, withState: boolean): Answer {
  const { user } = assignment;
  return {
    ...assignment.asset.name,
    ...(user === null
      ? { serialNumber: assignment.serialNumber }
      : {
          clientUserId: user.clientUserId,
          ...(withState ? { userStatus: user.status } : {}),
          ...(withState && user.idHash !== undefined ? { idHash: user.idHash } : {}),
        }),
  };
}
