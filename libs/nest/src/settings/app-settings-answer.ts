import type { AppSettingsFound } from '@seatbook/application';
import {
  MAX_BASE_URLS,
  idOfAsset,
  type AppSso,
  type AppSettings,
  type OwnSettings,
} from '@seatbook/licensing';
import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsBoolean, IsObject, ValidateIf, ValidateNested } from 'class-validator';
import { Count, Flag, FlagOrNull, Part, PartOrNull, Text, TextOrNull } from '../document/fields.js';
import { MayBeLeftOut, Reason, TextField, TextFieldOrNull, TextListOrNull } from '../http/text-field.js';
import { AsOfAnswer, asOfAnswer } from '../reading/as-of.js';

const MEANING: Readonly<Record<keyof AppSettings, string>> = {
  mandatory: 'Assigning a licence of the app starts its installation, without a rollout.',
  automaticUpdates:
    'A newer version in the store is installed where the app is, once for each device and version.',
  preventBackup:
    'What the app keeps on a device stays out of backups. Devices hear of it with the next installation.',
  cellularData: 'The app may use mobile data; else Wi-Fi alone. Only on iOS.',
  dataRoaming: 'The app may use mobile data while roaming. Only on iOS.',
  vpnProfileId:
    'The profile of the VPN that the app uses; null for none. Only on iOS; devices hear of it with the next installation.',
  sso: 'The Single Sign-On of the app; null for none. Only on iOS. A device has one: of several, the one that most of its apps name.',
};

const PROFILE = '5c1f3b7e-8f0a-4d2b-9a61-0c7e5d4f2b13';

const BASE_URLS =
  'Addresses that it is for, by how they begin; a slash is added at the end. Null: all addresses, which has to be said.';
const BASE_URL_EXAMPLE = ['https://intranet.example.com/'];

class SsoBody {
  @ApiProperty({ example: PROFILE, description: 'A profile of the kind `SSO`.' })
  @TextField(1, 100)
  profileId!: string;

  @ApiProperty({
    type: [String],
    nullable: true,
    minItems: 1,
    maxItems: MAX_BASE_URLS,
    example: BASE_URL_EXAMPLE,
    description: BASE_URLS,
  })
  @TextListOrNull(MAX_BASE_URLS)
  baseUrlMatches!: string[] | null;
}

class SsoAnswer {
  @Text(PROFILE)
  profileId!: string;

  @ApiProperty({ type: [String], nullable: true, example: BASE_URL_EXAMPLE, description: BASE_URLS })
  baseUrlMatches!: readonly string[] | null;
}

/** Left out: inherited. */
const Choice = (name: keyof AppSettings): PropertyDecorator =>
  applyDecorators(
    ApiPropertyOptional({ type: Boolean, example: true, description: MEANING[name] }),
    MayBeLeftOut(),
    IsBoolean(),
  );

export class AppSettingsBody {
  @Choice('mandatory')
  mandatory?: boolean;

  @Choice('automaticUpdates')
  automaticUpdates?: boolean;

  @Choice('preventBackup')
  preventBackup?: boolean;

  @Choice('cellularData')
  cellularData?: boolean;

  @Choice('dataRoaming')
  dataRoaming?: boolean;

  @ApiPropertyOptional({ example: null, description: MEANING.vpnProfileId })
  @MayBeLeftOut()
  @TextFieldOrNull(1, 100)
  vpnProfileId?: string | null;

  @ApiPropertyOptional({ type: SsoBody, nullable: true, description: MEANING.sso })
  @ValidateIf((_body, value) => value !== undefined && value !== null)
  @IsObject()
  @ValidateNested()
  @Type(() => SsoBody)
  sso?: SsoBody | null;

  @Reason()
  reason?: string;
}

/** What a body says; what it leaves out is inherited. */
export const settingsIn = ({ sso, ...body }: AppSettingsBody): OwnSettings => ({
  ...Object.fromEntries(
    Object.entries(body).filter(([name, value]) => name !== 'reason' && value !== undefined),
  ),
  ...(sso === undefined ? {} : { sso: sso && ssoAnswer(sso) }),
});

const ssoAnswer = ({ profileId, baseUrlMatches }: AppSso): SsoAnswer => ({ profileId, baseUrlMatches });

/** Settings that are in force. */
export class SettingsAnswer {
  @Flag(true, MEANING.mandatory)
  mandatory!: boolean;

  @Flag(false, MEANING.automaticUpdates)
  automaticUpdates!: boolean;

  @Flag(false, MEANING.preventBackup)
  preventBackup!: boolean;

  @Flag(true, MEANING.cellularData)
  cellularData!: boolean;

  @Flag(false, MEANING.dataRoaming)
  dataRoaming!: boolean;

  @TextOrNull(PROFILE, MEANING.vpnProfileId)
  vpnProfileId!: string | null;

  @PartOrNull(() => SsoAnswer, MEANING.sso)
  sso!: SsoAnswer | null;
}

class OwnSettingsAnswer {
  @FlagOrNull(true)
  mandatory!: boolean | null;

  @FlagOrNull(null)
  automaticUpdates!: boolean | null;

  @FlagOrNull(null)
  preventBackup!: boolean | null;

  @FlagOrNull(null)
  cellularData!: boolean | null;

  @FlagOrNull(false)
  dataRoaming!: boolean | null;

  @ApiPropertyOptional({
    type: String,
    nullable: true,
    example: PROFILE,
    description: 'Left out: inherited. Null: none, whatever the account says.',
  })
  vpnProfileId?: string | null;

  @ApiPropertyOptional({
    type: SsoAnswer,
    nullable: true,
    description: 'Left out: inherited. Null: none, whatever the account says.',
  })
  sso?: SsoAnswer | null;
}

export class AppSettingsAnswer {
  @Text('7700000000000001')
  accountId!: string;

  @TextOrNull('900000001.STDQ', 'The app; null for what its account says of all its apps.')
  assetId!: string | null;

  @Part(() => SettingsAnswer, "What is in force: its own settings, over its account's, over the product's.")
  inForce!: SettingsAnswer;

  @Part(() => OwnSettingsAnswer, 'What is said here itself; null: inherited.')
  own!: OwnSettingsAnswer;

  @Count(3, 'Grows with each change.')
  version!: number;

  @Part(() => AsOfAnswer)
  asOf!: AsOfAnswer;
}

export const settingsAnswer = ({
  mandatory,
  automaticUpdates,
  preventBackup,
  cellularData,
  dataRoaming,
  vpnProfileId,
  sso,
}: AppSettings): SettingsAnswer => ({
  mandatory,
  automaticUpdates,
  preventBackup,
  cellularData,
  dataRoaming,
  vpnProfileId,
  sso: sso && ssoAnswer(sso),
});

export const appSettingsAnswer = (found: AppSettingsFound): AppSettingsAnswer => ({
  accountId: found.uId,
  assetId: found.asset && idOfAsset(found.asset),
  inForce: settingsAnswer(found.inForce),
  own: {
    mandatory: found.own.mandatory ?? null,
    automaticUpdates: found.own.automaticUpdates ?? null,
    preventBackup: found.own.preventBackup ?? null,
    cellularData: found.own.cellularData ?? null,
    dataRoaming: found.own.dataRoaming ?? null,
    ...(found.own.vpnProfileId === undefined ? {} : { vpnProfileId: found.own.vpnProfileId }),
    ...(found.own.sso === undefined ? {} : { sso: found.own.sso && ssoAnswer(found.own.sso) }),
  },
  version: found.version,
  asOf: asOfAnswer(found.asOf),
});
