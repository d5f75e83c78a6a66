/** What an operator changes in shared state by hand, on either backend. Moments are milliseconds since the epoch. */
export interface Operations {
  /** Refuses a client (its exact client key) until `until`; every isolate follows within 2 s. */
  block(client: string, until: number, reason?: string): Promise<void>
  /** Ends a block; false when there was none. */
  unblock(client: string): Promise<boolean>
  /** Refuses a principal (`issuer|subject`) until `until`; every isolate follows within 2 s. */
  revoke(principal: string, until: number, reason?: string): Promise<void>
  /** Ends a revocation; false when there was none. */
  restore(principal: string): Promise<boolean>
  /** Lets a delivery that is done pass again (`key` as in its claim); false when it is not done. */
  forget(route: string, key: string): Promise<boolean>
  /** Lets every delivery of the route that was done since `since` pass again; how many. */
  forgetSince(route: string, since: number): Promise<number>
}
