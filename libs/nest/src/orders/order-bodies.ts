import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Allow, IsBoolean, IsIn } from 'class-validator';
import { Refusal, type ErrorCode } from '@seatbook/kernel';
import { MAX_PAIRS, type HolderKey, type OrderScope } from '@seatbook/licensing';
import { ASSET_ID } from '../http/address-forms.js';
import { PLATFORMS } from '../accounts/account-bodies.js';
import { deviceKey, personKey } from '../pairs/holder-answer.js';
import { ASSIGNED_DEVICE, ASSIGNED_DEVICE_FIELD, NamedHolders } from '../pairs/named-holders.js';
import { Expect, type ExpectedCounts } from './expect-field.js';
import { ID, MayBeLeftOut, Reason, SHOWN_AND_NOT_BLANK, TextField, TextList } from '../http/text-field.js';

/** What all orders have. Lists are flat: nested objects would take seconds to check. */
class OrderBody {
  @ApiProperty({ description: 'The account whose licences these are.', example: '7700000000000001' })
  @TextField(1, 100)
  accountId!: string;

  @Reason()
  reason?: string;
}

/** Whatever Apple lists can be returned; it is only not blank. */
const LISTED_DEVICE = ID;

const SerialNumbers = (items: typeof ASSIGNED_DEVICE | typeof LISTED_DEVICE): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      type: 'array',
      items,
      description: `A set of devices; left out: persons alone. At most ${MAX_PAIRS} pairs (assets × holders).`,
      example: ['C02XK0AAHV29'],
      minItems: 1,
      maxItems: MAX_PAIRS,
    }),
    MayBeLeftOut(),
    TextList(MAX_PAIRS),
  );

const UserIds = (): PropertyDecorator =>
  NamedHolders('A set of persons, by our id; left out: devices alone.', MAX_PAIRS);

class AssetsBody extends OrderBody {
  @ApiProperty({
    type: 'array',
    items: { type: 'string', pattern: ASSET_ID },
    description: 'A set of assets: `{adamId}.{pricingParam}`, where `.STDQ` may be left out.',
    example: ['900000001', '900000004.STDQ'],
    minItems: 1,
    maxItems: MAX_PAIRS,
  })
  @TextList(MAX_PAIRS)
  assetIds!: string[];
}

const RemoveApp = (): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      default: false,
      description:
        'Whether the app is removed from devices when its licence has gone back; at once where none is held any more. Of a person: from the devices of the person. A device that has another licence of the app keeps it. Left out: it stays, and can be used for 30 days.',
    }),
    MayBeLeftOut(),
    IsBoolean(),
  );

const GroupId = (): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({
      example: '8d1f3c52-0a4e-4b7d-9c3f-6f1e2d3c4b5a',
      pattern: SHOWN_AND_NOT_BLANK,
      description: 'In place of holders: a group, for those who are its members when the order is placed.',
    }),
    MayBeLeftOut(),
    TextField(1, 100),
  );

/** An order of pairs; a plan is asked for with what its order has. */
class ExpectingBody extends AssetsBody {
  @GroupId()
  groupId?: string;

  @ApiPropertyOptional({
    enum: ['device', 'user'],
    description:
      "In place of holders: licences are to be held by devices, one each, in place of the persons whose devices they are, or by the devices' owners in their place. An assignment is for those who are to have one. A return is for who had one before, where all who are to have one have it, or wait for it.",
  })
  @MayBeLeftOut()
  @IsIn(['device', 'user'])
  moveTo?: 'device' | 'user';

  @Expect()
  expect?: ExpectedCounts[];
}

/** Each of the assets for each of the devices and persons, at least one of them, or of a group. */
export class AssignLicenseBody extends ExpectingBody {
  @ApiProperty({ enum: ['AssignLicense'] })
  @Allow()
  kind!: 'AssignLicense';

  @SerialNumbers(ASSIGNED_DEVICE)
  serialNumbers?: string[];

  @UserIds()
  userIds?: string[];

  @ApiPropertyOptional({
    enum: ['wait', 'refuse'],
    default: 'wait',
    description: 'What to do with pairs for which no licence is available.',
  })
  @MayBeLeftOut()
  @IsIn(['wait', 'refuse'])
  ifShort: 'wait' | 'refuse' = 'wait';

  @ApiPropertyOptional({
    default: false,
    description: 'Whether the order may have the licences that are kept back: the reserve of an asset.',
  })
  @MayBeLeftOut()
  @IsBoolean()
  fromReserve: boolean = false;

  @ApiPropertyOptional({
    enum: PLATFORMS,
    description: "Refuses assets that do not support the devices' platform.",
  })
  @MayBeLeftOut()
  @IsIn(PLATFORMS)
  platform?: string;

  @ApiPropertyOptional({
    default: false,
    description:
      'Devices may be named that the registry does not know. Asked only where an MDM server is configured.',
  })
  @MayBeLeftOut()
  @IsBoolean()
  allowUnenrolled: boolean = false;
}

/** Each of the assets from one holder to another: of each of both, exactly one of device and person is named. */
export class ReassignLicenseBody extends AssetsBody {
  @ApiProperty({ enum: ['ReassignLicense'] })
  @Allow()
  kind!: 'ReassignLicense';

  @Expect()
  expect?: ExpectedCounts[];

  @ApiPropertyOptional({
    pattern: SHOWN_AND_NOT_BLANK,
    example: 'C02XK0AAHV29',
    description: 'The device that gives the licence.',
  })
  @MayBeLeftOut()
  @TextField(1, 255)
  fromSerialNumber?: string;

  @ApiPropertyOptional({
    pattern: SHOWN_AND_NOT_BLANK,
    description: 'The person who gives the licence, by our id.',
  })
  @MayBeLeftOut()
  @TextField(1, 100)
  fromUserId?: string;

  @ApiPropertyOptional({
    pattern: ASSIGNED_DEVICE_FIELD,
    example: 'C02XK0AAHV30',
    description: 'The device that gets the licence.',
  })
  @MayBeLeftOut()
  @TextField(1, 40)
  toSerialNumber?: string;

  @ApiPropertyOptional({
    pattern: SHOWN_AND_NOT_BLANK,
    description: 'The person who gets the licence, by our id.',
  })
  @MayBeLeftOut()
  @TextField(1, 100)
  toUserId?: string;

  @ApiPropertyOptional({
    default: false,
    description:
      'The device that gets the licence may be one that the registry does not know. Asked only where an MDM server is configured.',
  })
  @MayBeLeftOut()
  @IsBoolean()
  allowUnenrolled: boolean = false;
}

/**
 * Each of the assets on each of the devices that has its licence, or is getting it, and on all devices of each person of
 * whom the same is true: of named ones, of a group, of all that have the licence, or of those for whom another rollout has
 * failed. Exactly one of these is given. Who is meant is found when the order is placed; devices that come to a person
 * later get it as well.
 */
export class RolloutAppBody extends OrderBody {
  @ApiProperty({ enum: ['RolloutApp'] })
  @Allow()
  kind!: 'RolloutApp';

  @ApiPropertyOptional({
    type: 'array',
    items: { type: 'string', pattern: ASSET_ID },
    description:
      'A set of assets: `{adamId}.{pricingParam}`, where `.STDQ` may be left out. With `failedOf` it may be left out: then all of the other order.',
    example: ['900000001', '900000004.STDQ'],
    minItems: 1,
    maxItems: MAX_PAIRS,
  })
  @MayBeLeftOut()
  @TextList(MAX_PAIRS)
  assetIds?: string[];

  @SerialNumbers(LISTED_DEVICE)
  serialNumbers?: string[];

  @UserIds()
  userIds?: string[];

  @GroupId()
  groupId?: string;

  @ApiPropertyOptional({
    enum: ['assigned'],
    description:
      'In place of devices and persons: all that hold a licence of the asset when the order is placed.',
  })
  @MayBeLeftOut()
  @IsIn(['assigned'])
  scope?: 'assigned';

  @ApiPropertyOptional({
    example: '60501a66-da6b-8e0d-99da-ff88c72147da',
    pattern: SHOWN_AND_NOT_BLANK,
    description:
      'In place of devices and persons: another rollout of the account, for those of its installations that have failed and have not succeeded since. Each app only where it has failed.',
  })
  @MayBeLeftOut()
  @TextField(1, 100)
  failedOf?: string;

  @Expect()
  expect?: ExpectedCounts[];
}

export const movedIn = ({ moveTo }: Pick<AssignLicenseBody, 'moveTo'>): OrderScope | undefined =>
  moveTo && { moveTo };

/** @throws Refusal INVALID_HOLDER for both */
export function scopeIn({
  scope,
  failedOf,
}: Pick<RolloutAppBody, 'scope' | 'failedOf'>): OrderScope | undefined {
  if (failedOf === undefined) return scope && { assigned: true };
  if (scope === undefined) return { failedOf };
  throw new Refusal('INVALID_HOLDER', 'name devices and persons, a group, or a scope: one of them');
}

/** Each of the assets back from each of the devices and persons, at least one of them, or of a group. */
export class ReturnLicenseBody extends ExpectingBody {
  @ApiProperty({ enum: ['ReturnLicense'] })
  @Allow()
  kind!: 'ReturnLicense';

  @SerialNumbers(LISTED_DEVICE)
  serialNumbers?: string[];

  @UserIds()
  userIds?: string[];

  @RemoveApp()
  removeApp: boolean = false;
}

/**
 * All that a device or a person holds; what it waits for is cancelled. Exactly one of both is named. It becomes an order
 * of the kind ReturnLicense.
 */
export class ReturnAllBody extends OrderBody {
  @Expect()
  expect?: ExpectedCounts[];

  @ApiProperty({ enum: ['ReturnAll'] })
  @Allow()
  kind!: 'ReturnAll';

  @ApiPropertyOptional({ pattern: SHOWN_AND_NOT_BLANK, example: 'C02XK0AAHV29' })
  @MayBeLeftOut()
  @TextField(1, 255)
  serialNumber?: string;

  @ApiPropertyOptional({ pattern: SHOWN_AND_NOT_BLANK, description: 'A person, by our id.' })
  @MayBeLeftOut()
  @TextField(1, 100)
  userId?: string;

  @RemoveApp()
  removeApp: boolean = false;
}

/** From whom to whom. @throws Refusal INVALID_HOLDER unless exactly one is named of each */
export const bothIn = (
  body: Pick<ReassignLicenseBody, 'fromSerialNumber' | 'fromUserId' | 'toSerialNumber' | 'toUserId'>,
): { readonly from: HolderKey; readonly to: HolderKey } => ({
  from: holderIn({ serialNumber: body.fromSerialNumber, userId: body.fromUserId }),
  to: holderIn({ serialNumber: body.toSerialNumber, userId: body.toUserId }),
});

/** @throws Refusal INVALID_HOLDER unless exactly one is named */
export function holderIn({
  serialNumber,
  userId,
}: {
  readonly serialNumber?: string | undefined;
  readonly userId?: string | undefined;
}): HolderKey {
  if (serialNumber !== undefined && userId === undefined) return deviceKey(serialNumber);
  if (userId !== undefined && serialNumber === undefined) return personKey(userId);
  throw new Refusal('INVALID_HOLDER', 'name exactly one of serialNumber and userId');
}

/** Why an order of pairs is refused, given or planned. */
export const REFUSED_PAIRS: readonly ErrorCode[] = [
  'NOT_FOUND_ACCOUNT',
  'NOT_FOUND_ORDER',
  'NOT_FOUND_GROUP',
  'INVALID_ASSET',
  'INVALID_HOLDER',
  'INVALID_SERIAL_NUMBER',
  'INVALID_ORDER_EMPTY',
  'INVALID_ORDER_SIZE',
  'REJECTED_UNKNOWN_ASSET',
  'REJECTED_UNKNOWN_PERSON',
  'REJECTED_PERSON_LEAVING',
  'REJECTED_UNKNOWN_DEVICE',
  'REJECTED_NO_MDM',
  'REJECTED_NO_ROLLOUT',
  'REJECTED_NOTHING_FAILED',
  'REJECTED_NOTHING_HELD',
];

/** Why an order is refused that does not do what is expected of it. */
export const REFUSED_PLAN: readonly ErrorCode[] = ['REJECTED_PLAN_CHANGED', 'REJECTED_EXPECT_NEEDED'];

export class CancelBody {
  @Reason()
  reason?: string;
}

/** The body of an order, by its kind. */
export const ORDER_BODIES = {
  AssignLicense: AssignLicenseBody,
  ReturnLicense: ReturnLicenseBody,
  ReturnAll: ReturnAllBody,
  ReassignLicense: ReassignLicenseBody,
  RolloutApp: RolloutAppBody,
} as const;

// An alias: of a union that is written out, the compiler makes a class that no body is an instance of.
export type AnyOrderBody = InstanceType<(typeof ORDER_BODIES)[keyof typeof ORDER_BODIES]>;

/** Bodies that can be planned: what an order of this kind would do. */
export const PLAN_BODIES = {
  AssignLicense: AssignLicenseBody,
  ReturnLicense: ReturnLicenseBody,
  ReturnAll: ReturnAllBody,
  ReassignLicense: ReassignLicenseBody,
  RolloutApp: RolloutAppBody,
} as const;

export type AnyPlanBody = InstanceType<(typeof PLAN_BODIES)[keyof typeof PLAN_BODIES]>;
