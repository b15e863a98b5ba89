/** Links by which a user of the console begins, or begins anew: a password is never given by anybody else (ASVS 6.4.6). */
import type { Clock } from '../../replica/clock.ts'
import { mintUlid } from '../../replica/ids.ts'
import { hashOf } from '../control-store-sqlite.ts'
import type { Role } from './privileges.ts'
import type { StaffStore } from './staff-store-sqlite.ts'

/** A new token and its path at the console. */
function newLink(clock: Clock): { readonly path: string; readonly hash: string } {
  const token = Buffer.from(clock.bytes(24)).toString('base64url')
  return { path: `/welcome/${token}`, hash: hashOf(token) }
}

/** Adds a user; the path of the link by which they begin, or undefined where the name is taken. */
export function addUser(
  store: StaffStore,
  clock: Clock,
  user: { readonly name: string; readonly initials: string; readonly roles: readonly Role[] },
  by: string,
): string | undefined {
  const { path, hash } = newLink(clock)
  const id = mintUlid(clock)
  if (!store.add({ ...user, id, initials: user.initials.toUpperCase(), linkHash: hash })) return undefined
  store.audit.record({ did: 'user added', by, of: [id, ...user.roles] })
  return path
}

/** Takes password and second factor from a user; the path of the link by which they begin anew. */
export function resetUser(store: StaffStore, clock: Clock, id: string, by: string): string {
  const { path, hash } = newLink(clock)
  store.reset(id, hash)
  store.audit.record({ did: 'second factor reset', by, of: id })
  return path
}
