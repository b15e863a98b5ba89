/** Before what moves much money or protects much: a code of the authenticator app, once more, however long somebody is signed in. */
import type { Clock } from '../../replica/clock.ts'
import type { Throttle } from '../throttle.ts'
import { stepOf } from './second-factor.ts'
import type { Staff, StaffStore } from './staff-store-sqlite.ts'

/** Uses up a code: true where it was right; false where it was wrong, or too many were. */
export function provesAgain(parts: { readonly store: StaffStore; readonly tries: Throttle; readonly clock: Clock }) {
  const { store, tries, clock } = parts
  return (staff: Staff, code: unknown): boolean => {
    const attempt = { name: `again ${staff.id}` }
    if (tries.take(attempt) > 0) return false
    const held = store.secondFactor(staff.id)
    const step = held && stepOf(code, held.secret, clock.now(), held.step)
    if (step === undefined || !store.useStep(staff.id, step)) {
      store.audit.noted({ did: 'wrong second factor', by: staff.id })
      return false
    }
    tries.right(attempt)
    store.audit.record({ did: 'proved again', by: staff.id })
    return true
  }
}
