import shared from '@eventstore/db-client/generated/shared_pb.js';
import type { StreamIdentifier, UUID } from '@eventstore/db-client/generated/shared_pb.js';
import statuses from '@eventstore/db-client/generated/status_pb.js';
import streams from '@eventstore/db-client/generated/streams_pb.js';
import type {
  BatchAppendReq,
  BatchAppendResp,
  ReadReq,
  ReadResp,
} from '@eventstore/db-client/generated/streams_pb.js';
import anys from 'google-protobuf/google/protobuf/any_pb.js';
import empties from 'google-protobuf/google/protobuf/empty_pb.js';
import {
  MAX_APPEND_SIZE,
  type AppendOutcome,
  type ExpectedVersion,
  type ProposedEvent,
  type ServerRecord,
} from './server-log.js';

/** What is fixed for the server's answers: ticks of 2026-09-01. */
const CREATED = '17882208000000000';

export const streamName = (identifier: StreamIdentifier | undefined): string =>
  Buffer.from(identifier?.getStreamName_asU8() ?? []).toString();

export const uuidText = (uuid: UUID | undefined): string => uuid?.getString() ?? '';

export function proposedEvents(request: BatchAppendReq): readonly ProposedEvent[] {
  return request.getProposedMessagesList().map((message) => ({
    id: uuidText(message.getId()),
    type: message.getMetadataMap().get('type') ?? '',
    contentType: message.getMetadataMap().get('content-type') ?? '',
    data: message.getData_asU8(),
    metadata: message.getCustomMetadata_asU8(),
  }));
}

export function expectedVersion(options: BatchAppendReq.Options): ExpectedVersion {
  if (options.hasAny()) return 'any';
  if (options.hasNoStream()) return 'no_stream';
  return options.hasStreamExists() ? 'stream_exists' : BigInt(options.getStreamPosition());
}

/** The answer to an append, for whatever request it is. */
export function appendAnswer(
  correlationId: UUID,
  name: StreamIdentifier,
  expected: ExpectedVersion,
  outcome: AppendOutcome,
): BatchAppendResp {
  const answer = new streams.BatchAppendResp();
  answer.setCorrelationId(correlationId);
  answer.setStreamIdentifier(name);
  if (outcome.kind !== 'success') return answer.setError(errorOf(name, expected, outcome));
  const success = new streams.BatchAppendResp.Success();
  success.setCurrentRevision(String(outcome.revision));
  if (outcome.position === null) success.setNoPosition(new empties.Empty());
  else success.setPosition(allPosition(outcome.position));
  return answer.setSuccess(success);
}

/** A failure that the server has no name for reaches the client as its message alone. */
export function refusal(correlationId: UUID, name: StreamIdentifier, message: string): BatchAppendResp {
  const status = new statuses.Status();
  status.setCode(2);
  status.setMessage(message);
  status.setDetails(packed(new Uint8Array(), message));
  return new streams.BatchAppendResp()
    .setCorrelationId(correlationId)
    .setStreamIdentifier(name)
    .setError(status);
}

export function eventMessage(record: ServerRecord): ReadResp {
  const recorded = new streams.ReadResp.ReadEvent.RecordedEvent();
  recorded.setId(new shared.UUID().setString(record.id));
  recorded.setStreamIdentifier(new shared.StreamIdentifier().setStreamName(Buffer.from(record.stream)));
  recorded.setStreamRevision(String(record.revision));
  recorded.setPreparePosition(String(record.position));
  recorded.setCommitPosition(String(record.position));
  recorded.setCustomMetadata(record.metadata);
  recorded.setData(record.data);
  recorded
    .getMetadataMap()
    .set('type', record.type)
    .set('content-type', record.contentType)
    .set('created', CREATED);
  const event = new streams.ReadResp.ReadEvent();
  event.setEvent(recorded);
  event.setCommitPosition(String(record.position));
  return new streams.ReadResp().setEvent(event);
}

export const notFoundMessage = (name: StreamIdentifier | undefined): ReadResp =>
  new streams.ReadResp().setStreamNotFound(new streams.ReadResp.StreamNotFound().setStreamIdentifier(name));

export const confirmationMessage = (): ReadResp =>
  new streams.ReadResp().setConfirmation(
    new streams.ReadResp.SubscriptionConfirmation().setSubscriptionId('the double'),
  );

export const checkpointMessage = (position: bigint): ReadResp =>
  new streams.ReadResp().setCheckpoint(
    new streams.ReadResp.Checkpoint()
      .setCommitPosition(String(position))
      .setPreparePosition(String(position)),
  );

export const caughtUpMessage = (): ReadResp =>
  new streams.ReadResp().setCaughtUp(new streams.ReadResp.CaughtUp());

/** Whether a subscription's filter lets an event pass. Filters by prefix of the stream's name are all that is used. */
export function filterOf(options: ReadReq.Options): (record: ServerRecord) => boolean {
  const prefixes = options.getFilter()?.getStreamIdentifier()?.getPrefixList();
  return prefixes ? ({ stream }) => prefixes.some((prefix) => stream.startsWith(prefix)) : () => true;
}

/** Events considered between two checkpoints; Infinity without a filter. */
export function checkpointEvery(options: ReadReq.Options): number {
  const filter = options.getFilter();
  return filter ? filter.getCheckpointintervalmultiplier() * (filter.getMax() || 32) : Infinity;
}

function errorOf(
  name: StreamIdentifier,
  expected: ExpectedVersion,
  outcome: Exclude<AppendOutcome, { kind: 'success' }>,
): InstanceType<typeof statuses.Status> {
  const status = new statuses.Status();
  status.setCode(9);
  status.setDetails(detailsOf(name, expected, outcome));
  return status;
}

function detailsOf(
  name: StreamIdentifier,
  expected: ExpectedVersion,
  outcome: Exclude<AppendOutcome, { kind: 'success' }>,
): InstanceType<typeof anys.Any> {
  switch (outcome.kind) {
    case 'deleted':
      return packed(new shared.StreamDeleted().setStreamIdentifier(name).serializeBinary(), 'StreamDeleted');
    case 'too-large': {
      const exceeded = new shared.MaximumAppendSizeExceeded().setMaxappendsize(MAX_APPEND_SIZE);
      return packed(exceeded.serializeBinary(), 'MaximumAppendSizeExceeded');
    }
    case 'wrong-version': {
      const wrong = new shared.WrongExpectedVersion();
      if (outcome.actual === null) wrong.setCurrentNoStream(new empties.Empty());
      else wrong.setCurrentStreamRevision(String(outcome.actual));
      if (typeof expected === 'bigint') wrong.setExpectedStreamPosition(String(expected));
      else if (expected === 'no_stream') wrong.setExpectedNoStream(new empties.Empty());
      else if (expected === 'any') wrong.setExpectedAny(new empties.Empty());
      else wrong.setExpectedStreamExists(new empties.Empty());
      return packed(wrong.serializeBinary(), 'WrongExpectedVersion');
    }
  }
}

function packed(bytes: Uint8Array, name: string): InstanceType<typeof anys.Any> {
  const any = new anys.Any();
  any.pack(bytes, `event_store.client.${name}`);
  return any;
}

const allPosition = (position: bigint): InstanceType<typeof shared.AllStreamPosition> =>
  new shared.AllStreamPosition().setCommitPosition(String(position)).setPreparePosition(String(position));
