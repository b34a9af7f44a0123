/** How events name the order of each of their holders: one for all, or one for each. */
export type OrderRefs = { readonly orderId: string } | { readonly orderIds: readonly string[] };

/** The order of the holder at this index; '' for none. */
export const orderOf = (refs: OrderRefs, index: number): string =>
  'orderId' in refs ? refs.orderId : (refs.orderIds[index] ?? '');

/** All orders that are named. */
export const ordersOf = (refs: OrderRefs): ReadonlySet<string> =>
  new Set('orderId' in refs ? [refs.orderId] : refs.orderIds);
