/** The commands of this machine that deal with the users of its console: add one, reset one who lost the second factor, list them. */
import * as v from 'valibot'
import type { Clock } from '../../replica/clock.ts'
import type { Operations } from '../control.ts'
import { roles } from './privileges.ts'
import { addUser, resetUser } from './staff-links.ts'
import type { StaffStore } from './staff-store-sqlite.ts'

const by = 'command line'
const text = v.pipe(v.string(), v.trim(), v.minLength(1))
const addSchema = v.object({ name: v.pipe(text, v.maxLength(200)), initials: v.pipe(text, v.maxLength(4, 'Initials have at most 4 letters.')), role: v.optional(v.picklist(roles, `--role is one of: ${roles.join(', ')}`)) }) // prettier-ignore

/** `at`: the address of the console where it runs; without it a link is told as a path. */
export function staffOperations(store: StaffStore, clock: Clock, at = ''): Operations {
  return {
    async 'staff add'(input) {
      const { name, initials, role } = v.parse(addSchema, input)
      // The first user must be able to make the others.
      const path = addUser(store, clock, { name, initials, roles: [role ?? (store.isEmpty() ? 'admin' : 'front desk')] }, by) // prettier-ignore
      if (path === undefined) throw new Error(`There is a user of the name ${name} already. Choose another.`)
      return { url: `${at}${path}` }
    },
    async 'staff reset'(input) {
      const { name } = v.parse(v.object({ name: text }), input)
      const user = store.named(name)
      if (!user) throw new Error(`There is no user ${name}. List them with: patientconnection staff`)
      return { url: `${at}${resetUser(store, clock, user.id, by)}` }
    },
    async staff() {
      return {
        items: store.all().map(({ name, initials, roles: held, hasSecondFactor, disabled, password }) => ({
          name,
          initials,
          roles: held,
          secondFactor: hasSecondFactor,
          state: disabled ? 'disabled' : password === null ? 'has a link' : 'active',
        })),
      }
    },
  }
}
