import { Refusal, type Position } from '@seatbook/kernel';
import {
  groupStream,
  holderCount,
  holderKeys,
  idOfAsset,
  orderedSerials,
  queryModels,
  unknownGroup,
  type GroupCommand,
  type GroupDocument,
  type GroupKind,
  type Holders,
  type Standing,
} from '@seatbook/licensing';
import { checkPersons } from './order-request.js';
import { mustBeRegistered } from './activations.js';
import { pageOfList } from './page-of-list.js';
import { contextOf, type Caller } from './principal.js';
import type { PageOf, Reflected, ReflectedPage, WantedPage } from './reader.js';
import type { SeatbookEdge } from './seatbook-edge.js';
import { takenContext, takenId } from './taken-key.js';

export interface NamedGroup {
  readonly groupId: string;
}

export interface CreateGroup {
  readonly name: string;
  readonly kind: GroupKind;
  readonly follows: boolean;
}

/** Devices or persons of a group: those of the other kind are not named. */
export interface GroupMembers extends NamedGroup {
  readonly serialNumbers?: readonly string[] | undefined;
  readonly userIds?: readonly string[] | undefined;
}

export interface ChangedGroup extends NamedGroup {
  readonly position: Position;
  /** The same request had been made before. */
  readonly repeated: boolean;
}

export interface WantedGroups extends WantedPage {
  readonly kind?: GroupKind | undefined;
  /** A part of the name, in whatever case. */
  readonly search?: string | undefined;
}

export interface WantedOfGroup extends WantedPage, NamedGroup {}

/** Creates a group without members, under a new random id. */
export async function createGroup(
  seatbook: SeatbookEdge,
  { name, kind, follows }: CreateGroup,
  caller: Caller,
): Promise<ChangedGroup> {
  const body = { name, kind, follows };
  const groupId = await takenId(seatbook, caller, 'CreateGroup', body);
  const creating: GroupCommand = { type: 'CreateGroup', ...body };
  const { position, repeated } = await seatbook.execute(
    groupStream(groupId),
    creating,
    contextOf(caller, groupId, body),
  );
  return { groupId, position, repeated };
}

/** @throws Refusal NOT_FOUND_GROUP */
export const renameGroup = (
  seatbook: SeatbookEdge,
  { groupId, name }: NamedGroup & { readonly name: string },
  caller: Caller,
): Promise<ChangedGroup> => change(seatbook, groupId, { type: 'RenameGroup', name }, caller);

/** Whether later joiners get what its orders gave, and leavers give it back. @throws Refusal NOT_FOUND_GROUP */
export const setGroupPolicy = (
  seatbook: SeatbookEdge,
  { groupId, follows }: NamedGroup & { readonly follows: boolean },
  caller: Caller,
): Promise<ChangedGroup> => change(seatbook, groupId, { type: 'SetGroupPolicy', follows }, caller);

/** @throws Refusal NOT_FOUND_GROUP, REJECTED_GROUP_NOT_EMPTY */
export const deleteGroup = (
  seatbook: SeatbookEdge,
  { groupId }: NamedGroup,
  caller: Caller,
): Promise<ChangedGroup> => change(seatbook, groupId, { type: 'DeleteGroup' }, caller);

/**
 * Adds up to 1,000 members. Where the group follows, they get what its orders gave before.
 * @throws Refusal NOT_FOUND_GROUP, NOT_FOUND_PERSON, INVALID_HOLDER, INVALID_SERIAL_NUMBER, REJECTED_GROUP_FULL,
 *   REJECTED_UNKNOWN_PERSON for persons whom Apple does not know where they would get a licence
 */
export async function addMembers(
  seatbook: SeatbookEdge,
  { groupId, ...named }: GroupMembers,
  caller: Caller,
): Promise<ChangedGroup> {
  const holders = checkedMembers(named, 'assign');
  const accounts = await seatbook.runner.look(groupStream(groupId), ({ follows, standing }) =>
    follows ? [...new Set([...standing.values()].map(({ uId }) => uId))] : [],
  );
  if (holders.userIds.length > 0) {
    await mustBeRegistered(seatbook, holders.userIds);
    for (const uId of accounts) await checkPersons(seatbook, uId, holders.userIds);
  }
  return change(seatbook, groupId, { type: 'AddMembers', holders }, caller);
}

/**
 * Removes up to 1,000 members. Where the group follows, what they hold by its orders alone goes back.
 * @throws Refusal NOT_FOUND_GROUP
 */
export const removeMembers = async (
  seatbook: SeatbookEdge,
  { groupId, ...named }: GroupMembers,
  caller: Caller,
): Promise<ChangedGroup> =>
  change(seatbook, groupId, { type: 'RemoveMembers', holders: checkedMembers(named, 'return') }, caller);

function checkedMembers(
  { serialNumbers = [], userIds = [] }: Omit<GroupMembers, 'groupId'>,
  as: 'assign' | 'return',
): Holders {
  const holders = {
    serialNumbers: orderedSerials(serialNumbers, as),
    userIds: [...new Set(userIds.map((userId) => userId.trim()))].sort(),
  };
  if (holderCount(holders) === 0) throw new Refusal('INVALID_HOLDER', 'name at least one device or person');
  return holders;
}

async function change(
  seatbook: SeatbookEdge,
  groupId: string,
  command: GroupCommand,
  caller: Caller,
): Promise<ChangedGroup> {
  const { type, ...body } = command;
  const context = await takenContext(seatbook, caller, type, { groupId, ...body });
  const { position, repeated } = await seatbook.execute(groupStream(groupId), command, context);
  return { groupId, position, repeated };
}

/** Groups in the order of their creation. */
export function listGroups(
  { reader }: SeatbookEdge,
  { kind, search = '', ...page }: WantedGroups,
): PageOf<'groups'> {
  const wanted = search.trim().toLowerCase();
  const keeps = ({ name }: GroupDocument): boolean => name.toLowerCase().includes(wanted);
  return reader.page(
    queryModels.groups,
    kind === undefined ? { index: 'by-time', equals: [] } : { index: 'by-kind', equals: [kind] },
    page,
    wanted === '' ? undefined : keeps,
  );
}

/** @throws Refusal NOT_FOUND_GROUP */
export async function getGroup(
  { reader }: SeatbookEdge,
  { groupId, position }: NamedGroup & { readonly position?: Position | undefined },
): Promise<{ readonly group: GroupDocument; readonly asOf: Reflected }> {
  const { document: group, asOf } = await reader.get(queryModels.groups, groupId, position);
  if (!group) throw unknownGroup();
  return { group, asOf };
}

/** @throws Refusal NOT_FOUND_GROUP */
export async function listMembers(
  seatbook: SeatbookEdge,
  { groupId, ...page }: WantedOfGroup,
): PageOf<'groupMembers'> {
  await getGroup(seatbook, { groupId, position: page.position });
  return seatbook.reader.page(queryModels.groupMembers, { index: 'by-group', equals: [groupId] }, page);
}

/** What members get who join later: what orders to the group have assigned and not returned. @throws Refusal NOT_FOUND_GROUP */
export async function listStanding(
  seatbook: SeatbookEdge,
  { groupId, part, position }: WantedOfGroup,
): Promise<ReflectedPage<Standing>> {
  await getGroup(seatbook, { groupId, position });
  const asOf = await seatbook.reader.head();
  const standing = await seatbook.runner.look(groupStream(groupId), (group) =>
    [...group.standing.values()].map((one) => ({ ...one })),
  );
  return { ...pageOfList(standing, ({ uId, asset }) => `${uId} ${idOfAsset(asset)}`, part), asOf };
}

/** Groups that somebody is a member of, by their ids. */
export async function groupIdsOf({ reader }: SeatbookEdge, holders: Holders): Promise<readonly string[]> {
  await reader.reachHead(queryModels.groupMembers);
  const groupIds = new Set<string>();
  for (const holder of holderKeys(holders))
    for await (const member of reader.all(queryModels.groupMembers, { index: 'by-holder', equals: [holder] }))
      groupIds.add(member.groupId);
  return [...groupIds];
}

export const groupCommands = {
  CreateGroup: createGroup,
  RenameGroup: renameGroup,
  SetGroupPolicy: setGroupPolicy,
  DeleteGroup: deleteGroup,
  AddMembers: addMembers,
  RemoveMembers: removeMembers,
};

export const groupQueries = {
  ListGroups: listGroups,
  GetGroup: getGroup,
  ListMembers: listMembers,
  ListStanding: listStanding,
};
