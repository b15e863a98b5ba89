/**
 * Whether a portal may send outward for a practice (texts, email, payments). A portal that was put back to an older copy
 * does not know what it has sent since; its sites do. So after each start nothing goes out before every enrolled site has
 * been heard, or an operator has seen which are missing and releases it.
 */
export interface Outward {
  readonly open: boolean
  /** The sites that have not been heard since the start. */
  readonly waitsFor: readonly string[]
}

export interface OutwardGate {
  /** All that a site had is here: what the portal may have forgotten has come back. */
  heard(site: string): void
  /** Opens for a practice whatever was heard. */
  release(practice: string): void
  of(practice: string): Outward
}

/** Gates that are all closed; `sitesOf` names the enrolled sites of a practice that are neither retired nor revoked. */
export function outwardGate(sitesOf: (practice: string) => readonly string[]): OutwardGate {
  const known = new Set<string>()
  const released = new Set<string>()
  return {
    heard: (site) => void known.add(site),
    release: (practice) => void released.add(practice),
    of(practice) {
      const waitsFor = sitesOf(practice).filter((site) => !known.has(site))
      return { open: waitsFor.length === 0 || released.has(practice), waitsFor }
    },
  }
}
