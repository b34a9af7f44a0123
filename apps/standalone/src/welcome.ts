export interface Welcome {
  readonly product: string;
  readonly simulator: string;
  readonly tokenFolder: string;
  readonly dataFolder: string;
  readonly logFolder: string;
  /** Only as long as nobody has used it. */
  readonly ownerKey: string | null;
  readonly keyChosen: boolean;
}

/** What a newcomer sees: where everything is, and what to do first. */
export function welcome(facts: Welcome): string {
  const { product, simulator, tokenFolder, dataFolder, logFolder, ownerKey, keyChosen } = facts;
  const key = ownerKey
    ? [`  Owner key    ${ownerKey}`, '               shown until it is first used: keep it']
    : keyChosen
      ? ['  Owner key    the one in SEATBOOK_OWNER_KEY']
      : [
          '  Owner key    the one you have used before',
          '               lost? SEATBOOK_RESET_OWNER_KEY=true npm start makes a new one',
        ];
  return [
    '',
    'Seatbook is running, with a simulated Apple beside it.',
    '',
    `  Seatbook     ${product}`,
    `  API          ${product}/docs`,
    `  Apple        ${simulator}  (simulated; its switches: apps/simulator/README.md)`,
    `  Tokens       ${tokenFolder}/*.vpptoken`,
    ...key,
    `  Data         ${dataFolder}`,
    `  Logs         ${logFolder}`,
    '',
    ...(ownerKey !== null || keyChosen ? firstImport(facts) : []),
    'Ctrl-C stops both; the next start carries on.',
    '',
    '',
  ].join('\n');
}

/** Left out once the key has been used: whoever used it has found the way. */
const firstImport = ({ product, tokenFolder, ownerKey }: Welcome): readonly string[] => [
  'Import your first location:',
  '',
  `  KEY=${ownerKey ?? '<owner key>'}`,
  `  curl -H "Authorization: Bearer $KEY" -F name=Berlin -F token=@${tokenFolder}/berlin.vpptoken ${product}/api/v1/accounts`,
  '',
];
