/**
 * For whom an account stands at the portal, and what of it is for the cashier: when the access of a patient or the patient
 * ends here (revoked, erased, withdrawn), an account that is left with nobody in the practice is removed at the card processor.
 */
import type { Cashier } from '../bridges/payments/cashier.ts'
import { foldAccess } from '../replica/kinds/access.ts'
import type { DocumentHead, Replica } from '../replica/replica-face.ts'
import type { ControlStore } from '../server/control-store-sqlite.ts'

/** The collections whose documents say for whom an account stands. */
export const standingCollections = ['access', 'patients'] as const

/** Whether an account stands for any patient of a practice that the portal holds, by whatever title and also where its days are over. */
export function standingOf({ store, replicaOf }: { readonly store: Pick<ControlStore, 'patientsOf'>; readonly replicaOf: (practice: string) => Replica | undefined }) {
  return async (practice: string, account: string): Promise<boolean> => {
    const replica = replicaOf(practice)!
    for (const { practice: of, patient } of store.patientsOf(account)) {
      if (of !== practice || !(await replica.record('patients', patient))) continue
      const { accounts, representatives } = foldAccess(await replica.entries('access', patient))
      if (accounts.includes(account) || representatives.some((one) => one.account === account)) return true
    }
    return false
  }
} // prettier-ignore

/** The handler of a follower of `standingCollections` of a practice. */
export function leavingOf(practice: string, store: Pick<ControlStore, 'accountsOf'>, cashier: Pick<Cashier, 'leave'>) {
  return async (documents: readonly DocumentHead[]): Promise<readonly []> => {
    const patients = new Set(documents.map(({ key }) => key))
    const accounts = new Set([...patients].flatMap((patient) => store.accountsOf(practice, patient)))
    await cashier.leave(practice, [...accounts])
    return []
  }
}
