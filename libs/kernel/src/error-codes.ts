interface Explained {
  /** What has happened, for people. */
  readonly means: string;
  /** What to do about it. */
  readonly advice: string;
}

/**
 * Every code that an answer of the product may have. A code never changes its meaning; each has a page at
 * `/docs/errors/{code}`. The facts that belong to a code are beside it where it is thrown.
 */
export const ERROR_CODES = {
  INVALID_REQUEST: {
    means:
      'Fields of the body or of the query are missing, unknown or not valid; or what was sent is not a valid HTTP request.',
    advice:
      'The facts list every problem with its field; without facts, look at the head of the request. Mend them all and send it again.',
  },
  INVALID_BODY: {
    means: 'The body cannot be read: it is not valid JSON, or a form that is truncated.',
    advice: 'Send valid JSON, or the form as a whole.',
  },
  INVALID_BODY_TOO_DEEP: {
    means: 'The body is nested deeper than any that this API knows.',
    advice: 'Compare the body with the schema of the operation: all bodies are flat.',
  },
  INVALID_BODY_TOO_LARGE: {
    means: 'The body is larger than the server accepts.',
    advice: 'Split an order into several. The limit is a setting of the server.',
  },
  INVALID_MEDIA_TYPE: {
    means: 'The body has a media type that this address does not accept.',
    advice:
      'Send JSON with `Content-Type: application/json`; a token may also be uploaded in a form, and a table is sent with `Content-Type: text/csv`.',
  },
  INVALID_TABLE: {
    means: 'The table (CSV) cannot be read to its end, or its first line names no column that it may have.',
    advice:
      'Send text in UTF-8 with commas, and the names of the columns on the first line. Nothing of the table was taken; the facts name the line where it is known.',
  },
  INVALID_ROW: {
    means: 'A row of a table is not valid.',
    advice: 'Mend the row and send it again; the other rows were taken.',
  },
  INVALID_BASE_URL: {
    means:
      'The addresses of a Single Sign-On are not the beginnings of any, are none at all, or are too many.',
    advice:
      'Name beginnings such as `https://intranet.example.com/`, or null for all addresses. A slash is added at the end; ports are compared as they are written.',
  },
  INVALID_PROFILE: {
    means: 'The profile cannot be used.',
    advice:
      'Send an unsigned configuration profile in XML with one payload of its kind: `com.apple.vpn.managed.applayer` with a `VPNUUID`, which a change keeps, or `com.apple.sso` with a `Realm`. Certificates may be beside it.',
  },
  INVALID_METHOD: {
    means: 'The address exists, but it does not accept this method.',
    advice: 'Use one of the methods in the header `Allow`.',
  },
  INVALID_ADDRESS: {
    means: 'The address is not validly encoded.',
    advice: 'Encode each part of the path and each value of the query (percent-encoding, UTF-8).',
  },
  INVALID_ADDRESS_TOO_LONG: {
    means: 'A part of the address is longer than any that exists.',
    advice: 'Check the id in the path.',
  },
  INVALID_HEADERS_TOO_LARGE: {
    means: 'The headers are larger than the server accepts.',
    advice: 'Send fewer or shorter headers, and no cookies.',
  },
  INVALID_REQUEST_TIMEOUT: {
    means: 'The request did not arrive in time.',
    advice: 'Send it again; look for what slows it down on the way.',
  },
  INVALID_IDEMPOTENCY_KEY: {
    means: 'The Idempotency-Key is empty or too long.',
    advice: 'Use 1 to 200 characters, a UUID for example.',
  },
  INVALID_CURSOR: {
    means: 'The cursor is not one of this list with these filters.',
    advice:
      'Pass `next` of the previous page, and the same filters. Begin again without a cursor if in doubt.',
  },
  INVALID_POSITION: {
    means: 'This is not a position of this deployment.',
    advice: 'Pass a position exactly as an answer gave it.',
  },
  INVALID_AT: {
    means: 'The moment is neither a position nor a time, or it lies in the future.',
    advice: 'Pass a position, or a time in ISO 8601 such as 2026-11-24T08:00:00Z; write a + as %2B.',
  },
  INVALID_PERIOD: {
    means: 'A period ends before it begins.',
    advice: 'Let `from` be the earlier moment, and `to` the later one.',
  },
  INVALID_TIME: {
    means: 'A filter by time is not a time.',
    advice: 'Pass a time in ISO 8601 such as 2026-11-24T08:00:00Z; write a + as %2B.',
  },
  INVALID_SUBJECT: {
    means: 'A timeline is that of one thing, and the request names none or several.',
    advice:
      'Name exactly one of serialNumber, userId, orderId, or accountId (with assetId for one of its assets).',
  },
  INVALID_ASSET: {
    means: 'The assetId is not one.',
    advice: 'An assetId is {adamId}.{pricingParam}; `.STDQ` may be left out.',
  },
  INVALID_SERIAL_NUMBER: {
    means: 'The serial number cannot be one of Apple.',
    advice: 'Check it for typing mistakes: Apple would accept it and spend a licence on nothing.',
  },
  INVALID_HOLDER: {
    means: 'The request names a device and a person, or neither, where it is about one of them.',
    advice: 'Give exactly one of serialNumber and userId.',
  },
  INVALID_ORDER_EMPTY: {
    means: 'An order names at least one asset and one holder.',
    advice: 'Add what is missing.',
  },
  INVALID_ORDER_SIZE: {
    means: 'The order names more pairs or assets than one order may.',
    advice: 'Split it. The facts give the limits.',
  },
  INVALID_TOKEN_EMPTY: {
    means: 'The content token is empty.',
    advice: 'Send the text of the .vpptoken file.',
  },
  INVALID_TOKEN_NOT_BASE64: {
    means: 'The file is not a content token.',
    advice: 'Download the content token of the location again: Preferences, Payments and Billing.',
  },
  INVALID_TOKEN_NOT_JSON: {
    means: 'The file is not a content token: what it encodes cannot be read.',
    advice: 'Download the content token of the location again: Preferences, Payments and Billing.',
  },
  INVALID_TOKEN_KEYS: {
    means: 'The content token lacks what every content token has.',
    advice: 'Download the content token of the location again: Preferences, Payments and Billing.',
  },
  INVALID_TOKEN_DATE: {
    means: 'The content token has no valid date of expiry.',
    advice: 'Download the content token of the location again: Preferences, Payments and Billing.',
  },
  INVALID_TOKEN_DEP_P7M: {
    means: 'This is the server token of automated device enrolment, not a content token.',
    advice: 'Download the content token of the location: Preferences, Payments and Billing.',
  },
  INVALID_MDM_MESSAGE: {
    means: 'This is not a webhook of NanoMDM.',
    advice: 'For NanoMDM, not for people. Its option `-webhook-url` leads here.',
  },
  INVALID_NOTIFICATION: {
    means: 'This is not a notification of Apple.',
    advice: 'Only Apple calls this address.',
  },
  UNAUTHENTICATED: {
    means: 'The request has no key, or a wrong one.',
    advice:
      'Send `Authorization: Bearer <owner key>`. A lost key is replaced with SEATBOOK_RESET_OWNER_KEY=true.',
  },
  FORBIDDEN_ADDRESS: {
    means: 'This address is not to be served.',
    advice: 'Use the addresses of the documentation.',
  },
  NOT_FOUND_ROUTE: {
    means: 'There is nothing at this address.',
    advice: 'Compare the path with the documentation; all resources are below /api/v1.',
  },
  NOT_FOUND_ACCOUNT: {
    means: 'There is no account of this accountId.',
    advice: 'Look it up in the list of accounts, or import its content token first.',
  },
  NOT_FOUND_ASSET: {
    means: 'The account has no such asset, or it has not been read yet.',
    advice: 'Look it up in the assets of the account. New purchases appear after the next read.',
  },
  NOT_FOUND_DEVICE: {
    means: 'The registry knows no device by this id.',
    advice: 'List the devices; a device is known once it has enrolled, or was registered.',
  },
  NOT_FOUND_GROUP: {
    means: 'There is no group of this groupId, or it was deleted.',
    advice: 'Look the group up in the list of groups.',
  },
  NOT_FOUND_PROFILE: {
    means: 'There is no profile of this profileId, it was deleted, or it is of another kind.',
    advice: 'Look it up in the list of profiles: apps name a VPN as a VPN, a Single Sign-On as one.',
  },
  NOT_FOUND_ORDER: {
    means: 'There is no order of this orderId.',
    advice: 'Look it up in the list of orders.',
  },
  NOT_FOUND_PERSON: {
    means: 'There is no person of this userId.',
    advice: 'Look the person up in the list of persons.',
  },
  NOT_FOUND_SYNC: {
    means: 'The account has no sync of this syncId.',
    advice: 'Take the address of a sync from the `Location` of the answer to its request, or from the list.',
  },
  NOT_FOUND_IMPORT: {
    means: 'There is no import of this importId.',
    advice: 'Take the address of an import from the `Location` of the answer to its request.',
  },
  NOT_FOUND_EVENT: {
    means: 'There is no event at this position.',
    advice: 'Take a position from a timeline or from the history.',
  },
  NOT_FOUND_PARKED: {
    means: 'Nothing of this stream is parked.',
    advice: 'It may have been retried already: look at the list of parked work.',
  },
  NOT_FOUND_CODE: {
    means: 'There is no such error code.',
    advice: 'The list of all codes is at /docs/errors.',
  },
  REJECTED_NO_MDM: {
    means: 'Apps cannot be installed: no MDM server is configured.',
    advice: 'Set SEATBOOK_NANO_MDM_URL and its keys, and start again. Licences can be assigned without it.',
  },
  REJECTED_NOT_ENROLLED: {
    means: 'The device cannot be reached by the MDM server, so that nothing can be asked of it.',
    advice: 'Wait until it has enrolled: the registry shows its state.',
  },
  REJECTED_UNKNOWN_DEVICE: {
    means: 'The order names devices that have never enrolled and are not registered.',
    advice:
      'Look at the serial numbers in the facts. Register the devices, or order with `allowUnenrolled: true`.',
  },
  REJECTED_ACCOUNT_EXISTS: {
    means: 'The location is imported already.',
    advice: 'To replace its token, PUT it to the token of the account.',
  },
  REJECTED_OWNED_BY_OTHER_MDM: {
    means: 'Another MDM manages this location.',
    advice: 'Stop it there first, or import with takeOver.',
  },
  REJECTED_NOT_OURS: {
    means: 'We do not manage this location: another MDM does, or it is given up.',
    advice: 'Take it over first, or remove the account.',
  },
  REJECTED_ACCOUNT_IN_USE: {
    means: 'The account works: its token is good, and its location is ours.',
    advice: 'Give the location up first. What it has on the way ends, and Apple is told.',
  },
  REJECTED_NOT_CONFLICTED: {
    means: 'No other MDM manages this location.',
    advice: 'There is nothing to take over.',
  },
  REJECTED_BY_APPLE: {
    means: 'Apple refuses the request.',
    advice: "The facts have Apple's error number. See Apple Business Manager for the state of the location.",
  },
  REJECTED_TERMS_NOT_ACCEPTED: {
    means: 'Apple refuses the request until its terms have been accepted.',
    advice:
      'Have an administrator sign in to Apple Business Manager or Apple School Manager and accept the terms, then send the request again.',
  },
  REJECTED_TOKEN_EXPIRED: {
    means: 'The content token has expired.',
    advice: 'Download a new one in Apple Business Manager or Apple School Manager.',
  },
  REJECTED_TOKEN_REVOKED: {
    means: 'The content token was revoked.',
    advice: 'Download a new one in Apple Business Manager or Apple School Manager.',
  },
  REJECTED_TOKEN_INVALID: {
    means: 'Apple does not accept the content token, after a change of password for example.',
    advice: 'Download a new one in Apple Business Manager or Apple School Manager.',
  },
  REJECTED_TOKEN_READ_ONLY: {
    means: 'The content token may only read.',
    advice: 'Download one with an account that may manage licences.',
  },
  REJECTED_TOKEN_OTHER_LOCATION: {
    means: 'The content token belongs to another location than the account.',
    advice: 'Download the token of this location, or import that one as an account of its own.',
  },
  REJECTED_OTHER_LOCATION: {
    means: 'The notification is about another location than its address.',
    advice: 'Only Apple calls this address.',
  },
  REJECTED_UNKNOWN_ASSET: {
    means: 'The location owns no licences of an asset that the order names.',
    advice: 'Buy licences first, or mend the assetId. New purchases appear after the next read.',
  },
  REJECTED_UNKNOWN_PERSON: {
    means: 'The order names persons whom Apple does not know at the location of the account.',
    advice: 'The facts name the first of them. Activate them for the account first, or mend the userId.',
  },
  REJECTED_ASSIGNMENT_TYPE: {
    means: 'The account assigns licences to devices: persons need no activation there.',
    advice: 'Assign to devices, or activate the persons for an account whose assignment type is user.',
  },
  REJECTED_PERSON_FORGOTTEN: {
    means: 'Everything that was known of this person was forgotten.',
    advice: 'Register the person as a new one.',
  },
  REJECTED_PERSON_IN_USE: {
    means: 'The person holds licences, or waits for some, or is active at Apple.',
    advice: 'Let the person leave (`POST /persons/{userId}/leave`), and forget the person when that is over.',
  },
  REJECTED_PERSON_LEAVING: {
    means: 'The person is leaving the account, or has left it: Apple retires the person, or has done so.',
    advice: 'Activate the person for the account again, when Apple has retired the person; then order again.',
  },
  REJECTED_PLAN_CHANGED: {
    means: 'The order would do something else by now than its `expect` says.',
    advice: 'The facts have both, asset by asset. Plan again, and order with what that plan says.',
  },
  REJECTED_EXPECT_NEEDED: {
    means: 'The order takes many licences away and does not say what it is to do.',
    advice:
      'Plan it with `POST /plans`, and send the assets of the plan as `expect`. The limits are settings of the server.',
  },
  REJECTED_GROUP_FULL: {
    means: 'The group has as many members as a group may have.',
    advice: 'Put the others into a second group. The facts give the limit.',
  },
  REJECTED_GROUP_NOT_EMPTY: {
    means: 'The group has members.',
    advice:
      'Remove them first. Whether they give back what its orders gave is said by its policy: set `follows` to false before, and they keep it.',
  },
  REJECTED_PROFILE_IN_USE: {
    means: 'Settings of apps name the profile, or as many as may name one.',
    advice:
      'Take it out of the settings first. The facts list them as `usedBy`; without `adamId`, they are those of all apps of the account.',
  },
  REJECTED_NOTHING_HELD: {
    means: 'No licence is held or waited for where the order looks for one.',
    advice: 'There is nothing to return, and nobody to install an app on who has its licence.',
  },
  REJECTED_NOTHING_FAILED: {
    means: 'No app that the rollout was to install has failed on any device.',
    advice:
      'Look at the targets of the rollout: what is on its way may still fail, and what has no licence has none to install.',
  },
  REJECTED_NO_ROLLOUT: {
    means: 'The order that is named is no rollout: it has installed nothing that could have failed.',
    advice: 'Name an order of the kind RolloutApp. Apps of other orders are rolled out on named devices.',
  },
  REJECTED_NOT_WAITING: {
    means: 'Nothing that the request names waits for a licence of this asset.',
    advice: 'Look at the waiting list of the asset: what waited may have been served or cancelled.',
  },
  REJECTED_ORDER_ABANDONED: {
    means: 'The order was not listed completely in time, and was given up.',
    advice: 'Order again with a new Idempotency-Key.',
  },
  REJECTED_ORDER_NOT_RESERVED: {
    means: 'The order is still being placed.',
    advice: 'Cancel again in a moment.',
  },
  CONFLICT_IDEMPOTENCY_KEY: {
    means: 'The Idempotency-Key was used for another request.',
    advice:
      'Use a new key for each request, and the same key only to repeat the same request, its reason included.',
  },
  CONFLICT_VERSION: {
    means: 'What was to be changed has changed meanwhile.',
    advice: 'Read it again and decide again.',
  },
  THROTTLED: {
    means: 'Too many requests from this address or with this key.',
    advice: 'Wait as long as `Retry-After` says.',
  },
  TRANSIENT_STARTING: {
    means: 'The server is still starting.',
    advice: 'Send the request again when `Retry-After` is over.',
  },
  TRANSIENT_STOPPING: {
    means: 'The server is shutting down.',
    advice: 'Send the request again when `Retry-After` is over.',
  },
  TRANSIENT_STORE: {
    means: 'The storage cannot be read or written.',
    advice:
      'Send the request again with the same Idempotency-Key. The log of the server and its health say why.',
  },
  TRANSIENT_BEHIND: {
    means: 'What was asked for does not reflect the wanted position yet.',
    advice: 'Ask again when `Retry-After` is over.',
  },
  TRANSIENT_NEWER_BUILD: {
    means: 'A newer build of the product has written what this one cannot read.',
    advice: 'Update this process.',
  },
  TRANSIENT_APPLE: {
    means: 'Apple cannot be asked at present.',
    advice: 'Send the request again when `Retry-After` is over.',
  },
  TRANSIENT_RETRY_PENDING: {
    means: 'No worker has finished the retry yet. It is noted and will be done.',
    advice: 'Look at the parked work later, and at the health of the product if nothing changes.',
  },
  TRANSIENT_TOKEN_GONE: {
    means: 'The token of the import is not kept any more.',
    advice: 'Send the request again.',
  },
  CORRUPT_EVENT: {
    means: 'The log is damaged: an event of it, or the file that it is in.',
    advice:
      'The facts name the event, where it is one. `npm run verify` checks the whole log; restore it from a backup.',
  },
  BUG_UNEXPECTED: {
    means: 'Something failed that should not.',
    advice:
      'Give the reference in the facts to the operator: the log of the server has the details under it.',
  },
} as const satisfies Readonly<Record<string, Explained>>;

export type ErrorCode = keyof typeof ERROR_CODES;
