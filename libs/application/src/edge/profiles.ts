import { readProfile } from '@seatbook/mdm/formats';
import { sha256, type Position } from '@seatbook/kernel';
import {
  appSettingsStream,
  profileStream,
  queryModels,
  unknownProfile,
  type ProfileCommand,
  type ProfileDocument,
  type ProfileKind,
  type ProfilePayload,
  type ProfileUser,
} from '@seatbook/licensing';
import { PROFILE_FINGERPRINTS, profilePayloadName } from '../foundation/secret-names.js';
import { contextOf, type Caller } from './principal.js';
import type { PageOf, Reflected, WantedPage } from './reader.js';
import type { SeatbookEdge } from './seatbook-edge.js';
import { takenContext, takenId } from './taken-key.js';

export interface NamedProfile {
  readonly profileId: string;
}

export interface RegisterProfile {
  readonly kind: ProfileKind;
  readonly name: string;
  /** An unsigned configuration profile in XML. A secret. */
  readonly payload: string;
}

export interface ChangeProfile extends NamedProfile {
  readonly name: string;
  /** As for a new one; left out: it keeps what it has. */
  readonly payload?: string | undefined;
}

export interface ChangedProfile extends NamedProfile {
  readonly position: Position;
  /** The same request had been made before. */
  readonly repeated: boolean;
}

export interface WantedProfiles extends WantedPage {
  readonly kind?: ProfileKind | undefined;
}

export interface ProfileFound {
  readonly profile: ProfileDocument;
  /** Settings that name it. */
  readonly usedBy: readonly ProfileUser[];
  readonly asOf: Reflected;
}

/** Registers a profile under a new random id. Its payload is sealed first. @throws Refusal INVALID_PROFILE */
export async function registerProfile(
  seatbook: SeatbookEdge,
  { kind, name, payload }: RegisterProfile,
  caller: Caller,
): Promise<ChangedProfile> {
  const read = await payloadOf(seatbook, payload, kind);
  const body = { kind, name, ...read };
  const profileId = await takenId(seatbook, caller, 'RegisterProfile', body);
  const registering: ProfileCommand = { type: 'RegisterProfile', kind, name, payload: read };
  await seal(seatbook, profileId, read, payload);
  const context = contextOf(caller, profileId, body);
  const { position, repeated } = await seatbook.execute(profileStream(profileId), registering, context);
  return { profileId, position, repeated };
}

/**
 * Gives a profile another name, and perhaps another payload, which devices that have it get, too.
 * @throws Refusal NOT_FOUND_PROFILE, INVALID_PROFILE
 */
export async function changeProfile(
  seatbook: SeatbookEdge,
  { profileId, name, payload }: ChangeProfile,
  caller: Caller,
): Promise<ChangedProfile> {
  const { phase, kind } = await loaded(seatbook, profileId);
  if (phase !== 'registered') throw unknownProfile();
  const read = payload === undefined ? null : await payloadOf(seatbook, payload, kind);
  const context = await takenContext(seatbook, caller, 'ChangeProfile', { profileId, name, payload: read });
  if (payload !== undefined && read !== null) await seal(seatbook, profileId, read, payload);
  const changing: ProfileCommand = { type: 'ChangeProfile', name, payload: read };
  const { position, repeated } = await seatbook.execute(profileStream(profileId), changing, context);
  return { profileId, position, repeated };
}

/** Deletes a profile that no settings name, and its payload. @throws Refusal NOT_FOUND_PROFILE, REJECTED_PROFILE_IN_USE */
export async function deleteProfile(
  seatbook: SeatbookEdge,
  { profileId }: NamedProfile,
  caller: Caller,
): Promise<ChangedProfile> {
  const context = await takenContext(seatbook, caller, 'DeleteProfile', { profileId });
  const { users } = await loaded(seatbook, profileId);
  const named = await namedBy(seatbook, profileId, users);
  const deleting: ProfileCommand = {
    type: 'DeleteProfile',
    unused: users.filter((user) => !named.includes(user)),
  };
  const { position, repeated } = await seatbook.execute(profileStream(profileId), deleting, context);
  return { profileId, position, repeated };
}

/** Profiles in the order of their registration. */
export const listProfiles = (
  { reader }: SeatbookEdge,
  { kind, ...page }: WantedProfiles,
): PageOf<'profiles'> =>
  reader.page(
    queryModels.profiles,
    kind === undefined ? { index: 'by-time', equals: [] } : { index: 'by-kind', equals: [kind] },
    page,
  );

/** A profile without its payload, which nobody is told. @throws Refusal NOT_FOUND_PROFILE */
export async function getProfile(
  seatbook: SeatbookEdge,
  { profileId, position }: NamedProfile & { readonly position?: Position | undefined },
): Promise<ProfileFound> {
  const { document: profile, asOf } = await seatbook.reader.get(queryModels.profiles, profileId, position);
  if (!profile) throw unknownProfile();
  const { users } = await loaded(seatbook, profileId);
  return { profile, usedBy: await namedBy(seatbook, profileId, users), asOf };
}

const loaded = async ({ runner }: SeatbookEdge, profileId: string) =>
  (await runner.load(profileStream(profileId))).state;

/** Those of some settings that name a profile now. */
async function namedBy(
  { runner }: SeatbookEdge,
  profileId: string,
  users: readonly ProfileUser[],
): Promise<readonly ProfileUser[]> {
  const naming: ProfileUser[] = [];
  for (const user of users) {
    const named = await runner.look(
      appSettingsStream(user.uId, user.adamId),
      ({ settings }) => settings.vpnProfileId === profileId || settings.sso?.profileId === profileId,
    );
    if (named) naming.push(user);
  }
  return naming;
}

/** What the history knows of a payload. Its fingerprint is made with a secret: nobody can try payloads by it. */
async function payloadOf(
  { stores: { secrets }, ids }: SeatbookEdge,
  payload: string,
  kind: ProfileKind,
): Promise<ProfilePayload> {
  const { vpnUuid } = readProfile(payload, kind);
  const key = await secrets.putIfAbsent(PROFILE_FINGERPRINTS, `${ids.next()}${ids.next()}`);
  return { fingerprint: sha256(`${key}\n${payload}`).slice(0, 32), vpnUuid };
}

const seal = (
  { stores }: SeatbookEdge,
  profileId: string,
  { fingerprint }: ProfilePayload,
  payload: string,
): Promise<void> => stores.secrets.put(profilePayloadName(profileId, fingerprint), payload);

export const profileCommands = {
  RegisterProfile: registerProfile,
  ChangeProfile: changeProfile,
  DeleteProfile: deleteProfile,
};

export const profileQueries = { ListProfiles: listProfiles, GetProfile: getProfile };
