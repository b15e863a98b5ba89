/** Why InSched's database cannot be had: the messages are for people. */

/** A database that is missing, is not InSched's, or cannot be used. */
export class InSchedRefused extends Error {
  override readonly name: string = 'InSchedRefused'
}

/** Another agent holds the lease, at least until `until` (milliseconds UTC). */
export class LeaseHeld extends InSchedRefused {
  override readonly name = 'LeaseHeld'
  readonly until: number
  constructor(message: string, until: number) {
    super(message)
    this.until = until
  }
}

/** Another agent holds the lease now. */
export class LeaseLost extends InSchedRefused {
  override readonly name = 'LeaseLost'
}

/** InSched's database is not the one that was read last: it was put back to a backup (DOM-19). Nothing is read or written. */
export class PutBack extends InSchedRefused {
  override readonly name = 'PutBack'
}
