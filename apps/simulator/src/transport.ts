/** A request as the transport received it. */
export interface SimulatorRequest {
  method: string;
  /** Path with query, e.g. `/mdm/v2/assets?pageIndex=1`. */
  path: string;
  /** Header names are lower-case. */
  headers: Record<string, string>;
  body: string;
}

/** What the transport must do. All delays are already over when it gets this. */
export interface SimulatorResponse {
  status: number;
  headers: Record<string, string>;
  body: string;
  /** Drop the connection instead of answering; `after`: the request took effect, `before`: it did not. */
  reset?: 'before' | 'after';
  /** Never answer and keep the connection open; `after`: the request took effect, `before`: it did not. */
  dead?: 'before' | 'after';
}

/** A notification on its way to the client: one HTTP POST. */
export interface OutgoingNotification {
  url: string;
  headers: Record<string, string>;
  body: string;
}

/** Posts a notification. A rejection counts like an answer outside 2xx. */
export type Deliver = (notification: OutgoingNotification) => Promise<{ status: number }>;
