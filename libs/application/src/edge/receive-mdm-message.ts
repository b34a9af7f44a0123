import { decodeWebhook, isSigned, type MdmMessage } from '@seatbook/mdm/formats';
import { Refusal, sha256, type Command, type StreamName } from '@seatbook/kernel';
import { commandAnswered, deviceAppsStream, deviceIdOf, deviceStream, isOurs } from '@seatbook/licensing';
import { deviceNameName, enrolmentName, readyName } from '../foundation/secret-names.js';
import type { SeatbookEdge } from './seatbook-edge.js';

export interface ReceiveMdmMessage {
  /** The bytes that were signed. */
  readonly body: Uint8Array;
  /** Base64, as it came. */
  readonly signature: string;
}

/**
 * Stores what NanoMDM tells of a device before it is acknowledged: NanoMDM never sends it again. The signature is checked
 * before the body is looked at. A device's name is kept sealed, outside of the log; its tokens are dropped.
 * @throws Refusal UNAUTHENTICATED, INVALID_MDM_MESSAGE
 */
export async function receiveMdmMessage(
  seatbook: SeatbookEdge,
  { body, signature }: ReceiveMdmMessage,
): Promise<void> {
  verifyMdmSignature(seatbook, body, signature);
  const message = decodeWebhook(body);
  if (message.kind === 'nothing') return;
  await store(seatbook, message, `mdm/${sha256(Buffer.from(body).toString('base64'))}`);
}

/** @throws Refusal UNAUTHENTICATED unless the MDM server has signed these bytes; where there is none, nobody can */
export function verifyMdmSignature(
  { options: { mdm } }: SeatbookEdge,
  body: Uint8Array,
  signature: string,
): void {
  if (!mdm || !isSigned(body, signature, mdm.webhookKey))
    throw new Refusal('UNAUTHENTICATED', 'this webhook is not signed with the key of the MDM server');
}

async function store(
  seatbook: SeatbookEdge,
  message: Exclude<MdmMessage, { kind: 'nothing' }>,
  id: string,
): Promise<void> {
  const send = async <C extends Command>(stream: StreamName<C>, command: NoInfer<C>): Promise<void> => {
    // One message may lead to several commands of a stream.
    const commandId = `${id}/${command.type}`;
    const context = { commandId, principal: 'mdm', correlationId: stream, causationId: id };
    await seatbook.execute(stream, command, context, { continues: true });
  };
  const { secrets } = seatbook.stores;
  const { enrolmentId } = message;
  const mapped = (): Promise<string | null> => secrets.get(enrolmentName(enrolmentId));
  const ready = async (device: string, first: boolean): Promise<void> => {
    await send(deviceStream(device), { type: 'RecordReady', enrolmentId, first });
    await secrets.delete(readyName(enrolmentId));
  };
  if (message.kind === 'authenticate') {
    const { serialNumber, facts, deviceName } = message;
    const device = deviceIdOf(serialNumber ?? enrolmentId);
    await secrets.put(enrolmentName(enrolmentId), device);
    if (deviceName !== null) await secrets.put(deviceNameName(device), deviceName);
    await send(deviceStream(device), { type: 'RecordEnrolment', enrolmentId, facts });
    // It was noted by one that came first: whoever looks later sees what the other has written.
    if ((await secrets.get(readyName(enrolmentId))) !== null) await ready(device, false);
    return;
  }
  if (message.kind === 'token-update') {
    const first = message.tally === 1;
    const known = await mapped();
    if (known !== null) return ready(known, first);
    await secrets.put(readyName(enrolmentId), 'ready');
    const device = await mapped();
    return device === null ? undefined : ready(device, false);
  }
  // A device that had enrolled before the server told us of any: it is known when it enrols again.
  const device = await mapped();
  if (device === null) return;
  if (message.kind === 'check-out')
    return send(deviceStream(device), { type: 'RecordCheckOut', enrolmentId });
  const { commandUuid, answer, deviceName } = message;
  if (deviceName !== null) await secrets.put(deviceNameName(device), deviceName);
  if (answer.facts !== null)
    await send(deviceStream(device), { type: 'RecordFacts', uuid: commandUuid, facts: answer.facts });
  // Other tools may send commands by the same server.
  if (!isOurs(commandUuid)) return;
  return send(deviceAppsStream(device), {
    type: 'RecordDeviceAnswer',
    uuid: commandAnswered(commandUuid),
    answer,
  });
}

export const mdmCommands = { ReceiveMdmMessage: receiveMdmMessage };
