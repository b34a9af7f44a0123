/** One line of the client's log: what happened, with figures. By its shape it holds no header, body or token. */
export interface AppleLogLine {
  readonly level: 'info' | 'warn';
  readonly message: string;
  readonly uId?: string;
  readonly endpoint?: string;
  readonly status?: number;
  readonly errorNumber?: number;
  readonly waitMs?: number;
  /** Without a secret. */
  readonly problem?: string;
}

export type AppleLog = (line: AppleLogLine) => void;
