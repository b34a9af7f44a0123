import type { AppSettingsFound } from '@seatbook/application';
import { idOfAsset, type AppSettings, type OwnSettings } from '@seatbook/licensing';
import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean } from 'class-validator';
import { Count, Flag, FlagOrNull, Part, Text, TextOrNull } from '../document/fields.js';
import { MayBeLeftOut, Reason } from '../http/text-field.js';
import { AsOfAnswer, asOfAnswer } from '../reading/as-of.js';

const MEANING: Readonly<Record<keyof AppSettings, string>> = {
  mandatory: 'Assigning a licence of the app starts its installation, without a rollout.',
  automaticUpdates:
    'A newer version in the store is installed where the app is, once for each device and version.',
  preventBackup:
    'What the app keeps on a device stays out of backups. Devices hear of it with the next installation.',
};

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

  @Reason()
  reason?: string;
}

/** What a body says; what it leaves out is inherited. */
export const settingsIn = ({ mandatory, automaticUpdates, preventBackup }: AppSettingsBody): OwnSettings => ({
  ...(mandatory === undefined ? {} : { mandatory }),
  ...(automaticUpdates === undefined ? {} : { automaticUpdates }),
  ...(preventBackup === undefined ? {} : { preventBackup }),
});

/** Settings that are in force. */
export class SettingsAnswer {
  @Flag(true, MEANING.mandatory)
  mandatory!: boolean;

  @Flag(false, MEANING.automaticUpdates)
  automaticUpdates!: boolean;

  @Flag(false, MEANING.preventBackup)
  preventBackup!: boolean;
}

class OwnSettingsAnswer {
  @FlagOrNull(true)
  mandatory!: boolean | null;

  @FlagOrNull(null)
  automaticUpdates!: boolean | null;

  @FlagOrNull(null)
  preventBackup!: boolean | null;
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
}: AppSettings): SettingsAnswer => ({
  mandatory,
  automaticUpdates,
  preventBackup,
});

export const appSettingsAnswer = (found: AppSettingsFound): AppSettingsAnswer => ({
  accountId: found.uId,
  assetId: found.asset && idOfAsset(found.asset),
  inForce: settingsAnswer(found.inForce),
  own: {
    mandatory: found.own.mandatory ?? null,
    automaticUpdates: found.own.automaticUpdates ?? null,
    preventBackup: found.own.preventBackup ?? null,
  },
  version: found.version,
  asOf: asOfAnswer(found.asOf),
});
